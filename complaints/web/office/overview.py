"""The office's first page: what waits for whom, and open alarms; and the doors of the settings."""

from __future__ import annotations

from datetime import timedelta

from fastapi import Response

from complaints import alarms, approvals, changes, knowledge, workorders
from complaints.incidents import impact
from complaints.web.frame import Visit
from complaints.web.tongue import N_

SETTERS = ("supervisor", "auditor")
DOORS = (
    ("/desk/settings/policy", N_("Policy"), N_("Clocks, hours, reminders, who approves how much, when silence counts."),
     SETTERS),
    ("/desk/settings/calendars", N_("Calendars"), N_("Which days are worked, with holidays and make-up days."),
     SETTERS),
    ("/desk/settings/people", N_("Duty"), N_("Who does what where, who is called at night, who is away."),
     SETTERS),
    ("/desk/settings/teams", N_("Teams"), N_("Who works together, for which department, led by whom."), SETTERS),
    ("/desk/settings/sites", N_("Sites"), N_("Zone, calendar, kind and address of each site."), SETTERS),
    ("/desk/settings/tariffs", N_("Tariffs"), N_("What a kWh costs when, in versions, with an example bill."), SETTERS),
    ("/desk/knowledge?kind=template", N_("Reply templates"), N_("Answers in three languages, read by a second person."),
     SETTERS),
    ("/desk/settings/users", N_("Users"), N_("Who logs in, with which role."), SETTERS),
    ("/desk/settings/tokens", N_("API tokens"), N_("Which programs call, with which role. A token is shown once."),
     SETTERS),
)


async def page(visit: Visit) -> Response:
    async with visit.site.desk.db.acquire() as conn:
        return visit.page(
            "office/overview.html", money=await approvals.totals(conn, visit.now - timedelta(days=30)),
            incidents=await impact.counts(conn), orders=await workorders.counts(conn, visit.now),
            reviews=len(await knowledge.to_review(conn, visit.now.date())),
            alarms=await alarms.listed(conn, limit=30), may=visit.who.may("agent", "technician", "supervisor"),
        )


async def clear(visit: Visit) -> Response:
    """An alarm that somebody has looked after."""
    async with visit.site.desk.db.acquire() as conn, conn.transaction():
        await alarms.clear(conn, min(int(visit.part("id")), 2**62), visit.who.name, visit.now)
    return visit.go("/desk/office", "done")


async def settings(visit: Visit) -> Response:
    async with visit.site.desk.db.acquire() as conn:
        history = await changes.listed(conn, limit=20)
    return visit.page("office/settings.html", doors=DOORS, history=history)
