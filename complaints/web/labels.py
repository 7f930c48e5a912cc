"""Words for the codes that pages show: states, topics, statuses, guards, actions. English here, others in locale/."""

from __future__ import annotations

from collections.abc import Mapping

from complaints.web.finding_names import FINDING, RECORD, SUSPECT
from complaints.web.office.words import OFFICE
from complaints.web.tongue import N_

STATE = {
    "received": N_("Received"), "acknowledged": N_("Acknowledged"), "assessed": N_("Evidence ready"),
    "investigating": N_("Being looked into"), "need_info": N_("Waiting for the customer"), "decided": N_("Decided"),
    "approving": N_("Waiting for approval"), "executing": N_("Being carried out"), "informed": N_("Answered"),
    "confirming": N_("Waiting for confirmation"), "closed": N_("Closed"), "merged": N_("Joined to another case"),
    "external": N_("With an outside body"), "withdrawn": N_("Withdrawn"), "second_review": N_("Second review"),
}
CATEGORY = {
    "equipment": N_("Equipment"), "payment": N_("Payment"), "service": N_("Service"),
    "environment": N_("Site"), "other": N_("Other matters"),
}
TOPIC = {
    "cannot_start": N_("Will not start"), "stopped_early": N_("Stopped early"), "slow": N_("Charges slowly"),
    "connector_stuck": N_("Plug is stuck"), "cannot_insert": N_("Plug does not fit in"),
    "screen_or_reader": N_("Screen or card reader"), "station_down": N_("Charger out of order"),
    "status_wrong": N_("Status shown is wrong"), "damaged": N_("Damaged"), "cannot_stop": N_("Will not stop"),
    "safety": N_("Danger"), "charged_no_energy": N_("Paid, got no energy"),
    "start_failed_charged": N_("Start failed, money taken"), "overcharged": N_("Charged too much"),
    "double_charged": N_("Charged twice"), "hold_not_released": N_("Hold not released"),
    "idle_fee": N_("Idle fee"), "wrong_tariff": N_("Wrong tariff"), "not_my_session": N_("Not my session"),
    "energy_too_high": N_("Energy too high"), "discount_missing": N_("Discount missing"),
    "refund_missing": N_("Refund missing"), "invoice": N_("Invoice"), "attitude": N_("Rude treatment"),
    "no_answer": N_("Nobody answers"), "slow_handling": N_("Handled slowly"), "bay_blocked": N_("Bay is blocked"),
    "site_closed": N_("Site is closed"), "dirty_or_dark": N_("Dirty or dark"), "parking_fee": N_("Parking fee"),
    "noise": N_("Noise"), "suggestion": N_("Suggestion"), "account": N_("Account"), "privacy": N_("Privacy"),
    "fraud": N_("Fraud"), "car_damage": N_("Damage to a car"), "other": N_("Something else"),
}
DEPARTMENT = {
    "maintenance": N_("Maintenance"), "finance": N_("Finance"), "customer_relations": N_("Customer relations"),
    "site_operations": N_("Site operations"), "tech_support": N_("Technical support"), "legal": N_("Legal"),
}
LEVEL = {
    "1": N_("Urgent (L1): danger, or many people hit"), "2": N_("Serious (L2): service or money lost"),
    "3": N_("General (L3): no loss"),
}
URGENCY = {"1": N_("Urgent"), "2": N_("Serious"), "3": N_("General")}
"""A level in a word, where its code stands beside it."""
CHANNEL = {
    "hotline": N_("Hotline"), "web": N_("Web site"), "qr": N_("QR code"), "wechat": N_("WeChat"), "app": N_("App"),
    "email": N_("E-mail"), "onsite": N_("On site"), "platform": N_("Partner platform"), "social": N_("Social media"),
    "proactive": N_("Found by ourselves"), "api": N_("API"),
}
CLOCK = {
    "acknowledge": N_("First answer"), "arrive": N_("On site"), "investigate": N_("Investigation"),
    "resolve": N_("Resolution"), "follow_up": N_("Follow-up"), "register": N_("Registration"),
    "first_reply": N_("First reply"), "platform_reply": N_("Reply to the platform"), "execute": N_("Carrying out"),
    "follow_up_7d": N_("Follow-up after a week"), "follow_up_30d": N_("Follow-up after a month"),
    "promise": N_("Promise"),
}
ROLE = {
    "agent": N_("Agent"), "technician": N_("Technician"), "finance": N_("Finance"), "supervisor": N_("Supervisor"),
    "auditor": N_("Auditor"), "admin": N_("Administrator"), "integration": N_("Integration"),
}
ROLE_MAY = {
    "agent": N_("Takes complaints, writes to customers, proposes refunds, acts on chargers, sends technicians."),
    "technician": N_("Works on orders on site and adds stations; acts on chargers, past a guard with a reason."),
    "finance": N_("Works on cases; proposes and approves refunds."),
    "supervisor": N_("All that agents and technicians may; approves refunds, closes cases and incidents, publishes "
                     "articles."),
    "auditor": N_("Reads everything, draws samples and checks the record; changes nothing else."),
    "admin": N_("May do everything; alone enters users, tokens, tariffs and the policy."),
}
CONNECTOR = {
    "Available": N_("Available"), "Preparing": N_("Plugged in, about to start"), "Charging": N_("In use, charging"),
    "SuspendedEV": N_("In use, paused by the car"), "SuspendedEVSE": N_("In use, paused by the charger"),
    "Finishing": N_("Finished, plug still in the car"), "Occupied": N_("In use"), "Reserved": N_("Reserved"),
    "Unavailable": N_("Out of service"), "Faulted": N_("Faulted"), "unknown": N_("Not known yet"),
    "unreachable": N_("Not reachable right now"), "EVConnected": N_("Plugged in"), "Idle": N_("Not plugged in"),
}
VERDICT = {
    "upheld": N_("Upheld"), "partly_upheld": N_("Upheld in part"), "not_upheld": N_("Not upheld"),
    "inconclusive": N_("Records cannot decide"),
}
LIABILITY = {
    "station": N_("The charger"), "vehicle": N_("The vehicle"), "customer": N_("The customer"),
    "network": N_("The network"), "backoffice": N_("Our back office"), "payment": N_("The payment provider"),
    "grid": N_("The power grid"), "site": N_("The site"), "third_party": N_("Somebody else"),
    "unknown": N_("Not established"),
}
STANCE = {
    "supports": N_("Supports the complaint"), "contradicts": N_("Speaks against it"),
    "inconclusive": N_("Also on record"),
}
GRADE = {
    "A": N_("signed meter records"), "B": N_("complete and consistent records"),
    "C": N_("samples only, or one end missing"), "D": N_("derived from other records"),
    "E": N_("no records, or contradictory ones"),
}
REMEDY = {
    "refund": N_("Refund"), "release_hold": N_("Release the hold"), "no_refund": N_("No refund: the bill is right"),
    "goodwill": N_("Goodwill gesture"), "waive_fee": N_("Waive the fee"), "correct_bill": N_("Correct the bill"),
    "reset": N_("Restart the charger"), "unlock": N_("Unlock the plug"), "stop": N_("End the running session"),
    "set_inoperative": N_("Take out of service"), "dispatch": N_("Send a technician"),
    "guidance": N_("Explain how to avoid it"), "replace_part": N_("Check and replace the part"),
    "block_token": N_("Block the card"), "escalate_legal": N_("Hand over to legal"), "apologise": N_("Apologise"),
}
ACTION = {
    "trigger": N_("Ask for its status"), "get_log": N_("Fetch its log"), "stop": N_("End the session"),
    "unlock": N_("Unlock the plug"), "set_inoperative": N_("Take out of service"),
    "set_operative": N_("Put back into service"), "reset": N_("Restart the charger"),
    "refund": N_("Refund"), "release_hold": N_("Release the hold"), "dispatch": N_("Send a technician"),
    "assign": N_("Assign"), "escalate": N_("Raise the level"), "resolve": N_("Answer and resolve"),
    "confirm": N_("Note that the customer agrees"), "reject_resolution": N_("Note that the customer disagrees"),
    "close": N_("Close the case"), "reopen": N_("Reopen the case"), "message": N_("Write to the customer"),
    "question": N_("Ask the customer"), "note": N_("Add an internal note"),
    "safety_cleared": N_("Say that the danger is over"), "assess": N_("Judge the evidence anew"),
    "read": N_("Read its settings"),
    "merge": N_("Join to another case"), "unmerge": N_("Take it apart again"),
    "sort": N_("Sort it otherwise"), "facts": N_("Correct the facts"), "verdict": N_("Decide otherwise"),
}
COMMAND = {
    "reset": N_("Restart"), "unlock": N_("Unlock"), "start": N_("Remote start"), "stop": N_("Remote stop"),
    "trigger": N_("Status request"), "set_availability": N_("Change of availability"), "fetch_log": N_("Log request"),
    "read_variables": N_("Reading of settings"), "other": N_("Other command"),
}
COMMAND_STATE = {
    "queued": N_("Waiting to be sent"), "sent": N_("Sent, no answer yet"), "accepted": N_("Accepted"),
    "rejected": N_("Refused by the charger"), "unanswered": N_("The charger did not answer"),
    "offline": N_("The charger was not connected"), "unsupported": N_("The charger cannot do this"),
    "expired": N_("Expired before it could be sent"),
}
EFFECT = {
    "pending": N_("waiting to see it work"), "observed": N_("seen to work"), "not_observed": N_("not seen to work"),
    "not_applicable": N_("nothing to observe"),
}
GUARD = {
    "G1": N_("There may be danger. Nothing is switched on or unlocked from afar until somebody on site has cleared "
             "it."),
    "G2": N_("Somebody is charging at this station right now."),
    "G3": N_("The station was offline minutes ago: a restart could lose records it has not sent yet."),
    "G4": N_("A firmware update is running."),
    "G5": N_("The session at this plug has not ended yet."),
    "G6": N_("It is not established which station and plug is meant."),
    "G7": N_("It has been restarted too often lately: two restarts an hour, one hard restart a day."),
    "G8": N_("The evidence has to be frozen first."),
}
FAULT = {
    "lock": N_("Plug lock"), "ground": N_("Earth fault"), "temperature": N_("Temperature"), "meter": N_("Meter"),
    "reader": N_("Card reader"), "vehicle_communication": N_("Talk with the vehicle"),
    "emergency": N_("Emergency stop"), "overcurrent": N_("Overcurrent"), "voltage": N_("Voltage"),
    "internal": N_("Internal fault"), "other": N_("Other fault"),
}
REFUND_STATE = {
    "proposed": N_("Proposed, waiting for approval"), "declined": N_("Declined"), "approved": N_("Approved"),
    "initiated": N_("Being handed to the payment side"), "sent": N_("Sent to the bank"),
    "confirmed": N_("Confirmed"), "failed": N_("Failed"),
}
PAYMENT = {
    "capture": N_("Payment taken"), "hold": N_("Amount held"), "void": N_("Hold released"), "refund": N_("Refunded"),
}
METHOD = {"wechat": N_("WeChat Pay"), "alipay": N_("Alipay"), "card": N_("Card"), "cash": N_("Cash")}
SESSION = {"open": N_("running"), "closed": N_("ended")}
PROOF = {
    "frame": N_("OCPP message"), "transaction": N_("Session"), "reading": N_("Meter reading"), "fault": N_("Fault"),
    "command": N_("Command"), "payment": N_("Payment"), "connection": N_("Connection"),
}
ENTRY = {
    "filed": N_("Complaint"), "classified": N_("Sorted"), "message": N_("Message"), "note": N_("Internal note"),
    "question": N_("Question to the customer"), "call": N_("Phone call"), "evidence": N_("Evidence added"),
    "safety_cleared": N_("Danger is over"), "assessment": N_("Evidence judged"), "assignment": N_("Assigned"),
    "escalation": N_("Level raised"), "dispatch": N_("Technician sent"), "resolution": N_("Answer to the customer"),
    "confirmation": N_("Customer agrees"), "rejection": N_("Customer disagrees"), "closing": N_("Closed"),
    "reopening": N_("Reopened"), "command": N_("Command asked"), "command_refused": N_("Command refused by a guard"),
    "command_settled": N_("Station answered"), "effect": N_("Effect"), "verification": N_("Remedy verified"),
    "refund": N_("Refund"), "deadline": N_("Deadline missed"), "correction": N_("Facts corrected"),
    "override": N_("Decided over the rules"), "promise": N_("Promise"), "merge": N_("Joined to another case"),
    "merged_here": N_("Another case joined"), "unmerge": N_("Taken apart again"),
    "unmerged": N_("Taken apart again"), "duplicates": N_("Perhaps the same as"), "task": N_("Task"),
    "task_done": N_("Task done"), "decision": N_("Decided"), "acknowledgement": N_("Taken up"),
    "withdrawal": N_("Withdrawn"), "referral": N_("Referred"), "follow_up": N_("Follow-up"),
    "incident": N_("Part of an incident"), "incident_left": N_("Taken out of an incident"),
    "silent_fault": N_("Silent fault suspected"), "reminder": N_("Reminder"), "export": N_("Taken away as a file"),
    "resumed": N_("Clocks run again"), "survey": N_("Survey"), "pseudonymised": N_("Personal data taken out"),
    "arrival": N_("On site"), "work_accepted": N_("Work order accepted"), "work_done": N_("Work done"),
    "work_failed": N_("Work did not solve it"), "work_verified": N_("A good session proves the work"),
    "work_cancelled": N_("Work order cancelled"), "work_assigned": N_("Technician changed"),
}
CLOSE = {
    "1000": N_("closed in good order"), "1001": N_("one side went away"), "1006": N_("broke off without a word"),
    "1011": N_("a mistake of ours"), "1012": N_("we restarted"), "1013": N_("we were too busy"),
}
"""Why a connection ended: codes of WebSocket."""
FIELD = {
    "text": N_("Text"), "reason": N_("Reason"), "amount": N_("Amount"), "currency": N_("Currency"),
    "outcome": N_("Outcome"), "owner": N_("Person"), "transaction": N_("Session"), "payment": N_("Payment"),
    "evse": N_("Plug"), "occurred_at": N_("Time"), "station": N_("Station"), "photo": N_("Photo"),
    "contact": N_("Phone or e-mail"), "payment_reference": N_("Payment number"), "answer": N_("Answer"),
    "topic": N_("Topic"), "level": N_("Level"), "department": N_("Department"), "order": N_("Order"),
    "verdict": N_("Verdict"), "liability": N_("Liable"), "incident": N_("Incident"), "title": N_("Title"),
    "state": N_("State"), "name": N_("Name"), "id": N_("Station id"), "satisfaction": N_("Satisfaction"),
    "files": N_("Photo or file"), "attachments": N_("Photo or file"), "into": N_("Case number"),
}

LABELS: Mapping[str, Mapping[str, str]] = {
    "state": STATE, "category": CATEGORY, "topic": TOPIC, "department": DEPARTMENT, "level": LEVEL, "urgency": URGENCY,
    "channel": CHANNEL, "clock": CLOCK, "role": ROLE, "role_may": ROLE_MAY, "connector": CONNECTOR, "verdict": VERDICT,
    "liability": LIABILITY, "stance": STANCE, "grade": GRADE, "remedy": REMEDY, "action": ACTION,
    "command": COMMAND, "command_state": COMMAND_STATE, "effect": EFFECT, "guard": GUARD, "fault": FAULT,
    "refund_state": REFUND_STATE, "payment": PAYMENT, "proof": PROOF, "entry": ENTRY, "field": FIELD,
    "finding": FINDING, "record": RECORD, "suspect": SUSPECT, "close": CLOSE, **OFFICE,
}
