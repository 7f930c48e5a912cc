"""What a form can be told is wrong, in the reader's language: the words of the domain's errors, listed as they are
raised. Whole sentences are looked up in the catalogue as they are; here are those with something filled in. Pure."""

from __future__ import annotations

from complaints.web.sentences import Phrasebook
from complaints.web.tongue import N_, Tongue

FIELDS = (
    N_("must be one of %(choices)s"), N_("one of %(choices)s"),
    N_("has %(n)s characters, at most %(most)s are taken"), N_("at most %(n)s characters"),
    N_("has %(n)s bytes, at most %(most)s are taken"), N_("has more than %(n)s pixels"),
    N_("must be a picture (JPEG, PNG, WebP, GIF), a sound, a video or a PDF"),
    N_("greater than or equal to %(n)s"), N_("less than or equal to %(n)s"), N_("greater than %(n)s"),
    N_("less than %(n)s"), N_("is not as expected: %(why)s"), N_("a name of at most %(n)s characters"),
    N_("at most %(n)s filters; remove one first"), N_("must have at least %(n)s characters"),
    N_("must have %(least)s to %(most)s printable characters"), N_("looks as if it held a secret: %(words)s"),
    N_("%(scope)s is not of the form complaints:read, stations:write or *:read"),
    N_("there is no station %(place)s"), N_("is required to %(action)s a case"), N_("is required for a %(action)s"),
)
MONEY = (
    N_("refund %(n)s is %(refund_state)s already"), N_("must be %(currency)s, as it was charged"),
    N_("%(who)s may not decide this refund: it is above the limit of the role %(role)s, or above %(amount)s and "
       "proposed by the same person; finance, a supervisor or an admin may"),
    N_("%(who)s may not decide this refund"), N_("is more than the %(amount)s %(currency)s that were taken"),
    N_("name the hold to release; open: %(payments)s"),
    N_("of payment %(payment)s over %(amount)s %(currency)s, %(given)s is given back already (%(place)s)"),
    N_("payment %(payment)s is known with another body"),
    N_("tariff %(tariff)s has another version from %(at)s; give a later valid_from"),
    N_("overlaps the period before it: %(at)s was expected"), N_("leaves a gap before it: %(at)s was expected"),
    N_("%(amount)s is above what the role %(role)s may approve (%(limit)s)"),
)
CASES = (
    N_("there is no transaction %(session)s; give our id of it, or none"),
    N_("%(who)s has handled this case before; a second review needs someone else"),
    N_("the customer has not confirmed; say %(outcomes)s if he did so"),
    N_("%(number)s is %(state)s: nothing goes on there"), N_("%(number)s is %(state)s: nothing is planned any more"),
    N_("%(number)s is %(state)s: its customer is still needed"), N_("%(number)s has come already"),
    N_("name the transaction to stop; running: %(sessions)s"),
    N_("this station does not reset EVSE %(n)s alone (EVSE.AllowReset)"),
    N_("%(number)s has been judged in audit %(n)s"), N_("case %(number)s has no open task %(n)s"),
    N_("the plan has %(n)s steps"), N_("step %(n)s is done already"),
    N_("the plan is %(plan_state)s; it cannot become %(target)s"),
)
GATE = (
    N_("not yet: %(sentences)s"), N_("%(n)s refund(s) are not decided, not sent or failed"),
    N_("%(n)s work order(s) are not finished"), N_("%(n)s task(s) of other departments are open"),
    N_("the plan is not carried out: finish its steps, or replace it"),
    N_("the customer has been reminded %(n)s times of %(asked)s"),
    N_("the customer has until %(at)s UTC to answer the last reminder"),
)
OFFICE = (
    N_("alarm %(n)s is not there, or somebody was quicker"), N_("incident %(n)s is closed"),
    N_("incident %(n)s is closed, or is the same one"), N_("%(number)s does not belong to incident %(n)s"),
    N_("incident %(n)s is not there, or is closed"), N_("%(n)s corrective action(s) are not done yet"),
    N_("incident %(n)s is %(incident_state)s"), N_("corrective action %(n)s is not there, or is done"),
    N_("action %(n)s is not done yet"), N_("version %(n)s of %(article)s is no draft"),
    N_("there is a user %(who)s already"), N_("%(who)s would leave no admin behind"),
    N_("there is no team %(team)s"), N_("there is a team %(team)s already"),
    N_("warning %(n)s is not there, or has ended"),
    N_("work order %(n)s is %(order_state)s; nobody can be sent any more"),
    N_("work order %(n)s is %(order_state)s; %(order_step)s is not possible then"),
)
MISTAKES = Phrasebook((*FIELDS, *MONEY, *CASES, *GATE, *OFFICE))


def mistake(text: str, tongue: Tongue) -> str:
    return MISTAKES.told(text, tongue)
