"""What a page says at its top after something was done. Only these: an address cannot put other words there."""

from __future__ import annotations

from complaints.web.tongue import N_

SAID = {
    "filed": N_("We have your complaint. Save this page: its address is your way back."),
    "written": N_("Your message has been received."),
    "confirmed": N_("Thank you. We have noted that this settles it."),
    "rejected": N_("We have noted that this does not settle it. Somebody else will review your case."),
    "out": N_("You are logged out."),
    "done": N_("Done, and on record."),
    "asked": N_("The command is on its way. Its result appears below, live."),
    "answered": N_("The customer has been written to."),
    "noted": N_("Noted."),
    "proposed": N_("The refund is proposed and waits for approval."),
    "refunded": N_("The refund has been sent to the payment side."),
    "declined": N_("The refund was declined."),
    "judged": N_("The evidence has been judged anew."),
    "kept": N_("The filter is kept."),
    "begun": N_("Welcome. Add your first station here, enter its address on the charger, and see it come in."),
    "retried": N_("The payment side is asked once more."),
    "answered_all": N_("All open cases of it have been written to."),
    "set": N_("Kept, and on record with who, when and why."),
    "drafted": N_("Kept as a draft. Somebody else has to read and publish it."),
    "published": N_("Published."),
    "reviewed": N_("The review is kept, with its figures."),
    "drawn": N_("The sample is drawn. The same seed draws the same cases again."),
    "hotline": N_("The complaint is taken. Read it back to the caller."),
    "added": N_("The station may connect now."),
}
