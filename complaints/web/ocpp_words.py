"""What the words of OCPP itself mean: why a session ended, what set off an event, how a request was answered.

The station's own word always stands behind ours, in brackets: it is what a technician looks up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from complaints.web.labels import CONNECTOR
from complaints.web.tongue import N_

STOP_REASON: Mapping[str, str] = {
    "DeAuthorized": N_("card or account no longer allowed"), "EmergencyStop": N_("emergency stop"),
    "EnergyLimitReached": N_("energy limit reached"), "EVDisconnected": N_("plug drawn from the car"),
    "GroundFault": N_("earth fault"), "HardReset": N_("hard restart"), "ImmediateReset": N_("immediate restart"),
    "Local": N_("ended at the charger"), "LocalOutOfCredit": N_("credit used up"),
    "MasterPass": N_("ended by staff card"),
    "Other": N_("another reason"), "OvercurrentFault": N_("over-current"), "PowerLoss": N_("power cut"),
    "PowerQuality": N_("poor grid power"), "Reboot": N_("the charger restarted"),
    "Remote": N_("ended from afar"), "ReqEnergyTransferRejected": N_("the wish for energy was refused"),
    "SOCLimitReached": N_("battery limit reached"), "SoftReset": N_("soft restart"),
    "StoppedByEV": N_("ended by the car"), "TimeLimitReached": N_("time limit reached"),
    "Timeout": N_("waited too long"), "UnlockCommand": N_("plug unlocked by command"),
}
TRIGGER: Mapping[str, str] = {
    "AbnormalCondition": N_("something abnormal"), "Authorized": N_("card or account allowed"),
    "CablePluggedIn": N_("cable plugged in"), "ChargingRateChanged": N_("charging power changed"),
    "ChargingStateChanged": N_("charging state changed"), "Deauthorized": N_("card or account no longer allowed"),
    "EnergyLimitReached": N_("energy limit reached"), "EVCommunicationLost": N_("lost touch with the car"),
    "EVConnectTimeout": N_("no car plugged in, in time"), "EVDeparted": N_("the car has left"),
    "EVDetected": N_("a car has come"), "MeterValueClock": N_("meter reading by the clock"),
    "MeterValuePeriodic": N_("regular meter reading"), "RemoteStart": N_("started from afar"),
    "RemoteStop": N_("ended from afar"), "ResetCommand": N_("restart by command"),
    "SignedDataReceived": N_("signed meter data"), "StopAuthorized": N_("ended with the card or account"),
    "TimeLimitReached": N_("time limit reached"), "Trigger": N_("we asked for it"),
    "UnlockCommand": N_("plug unlocked by command"),
}
EVENT: Mapping[str, str] = {"Started": N_("begins"), "Updated": N_("goes on"), "Ended": N_("ends")}
ANSWER: Mapping[str, str] = {
    "Accepted": N_("accepted"), "Rejected": N_("refused"), "Scheduled": N_("accepted for later"),
    "Pending": N_("wait"), "Unlocked": N_("unlocked"), "UnlockFailed": N_("could not be unlocked"),
    "NotSupported": N_("cannot do it"), "NotImplemented": N_("cannot do it"), "Blocked": N_("card or account blocked"),
    "Expired": N_("card or account expired"), "Invalid": N_("not valid"),
    "ConcurrentTx": N_("already charging elsewhere"),
    "RebootRequired": N_("accepted, needs a restart"), "Occupied": N_("in use"), "Faulted": N_("faulted"),
    "Unavailable": N_("out of service"), "Unknown": N_("unknown"), "UnknownConnector": N_("no such plug"),
    "OngoingAuthorizedTransaction": N_("a session runs there"),
}
HOW: Mapping[str, str] = {
    "Soft": N_("soft"), "Hard": N_("hard"), "Immediate": N_("at once"), "OnIdle": N_("once nobody charges"),
    "Operative": N_("in service"), "Inoperative": N_("out of service"),
}


def stopped_because(code: str | None, say: Callable[..., str]) -> str:
    return named(STOP_REASON, code, say)


def status(code: str, say: Callable[..., str]) -> str:
    return named(CONNECTOR, code, say)


def named(table: Mapping[str, str], code: str | None, say: Callable[..., str]) -> str:
    """Our words with the station's own behind them; hers alone where we have none."""
    if not code:
        return "–"
    words = say(table[code]) if code in table else code
    if words.casefold() == code.casefold():
        return words
    return say("%(words)s (%(code)s)", words=words, code=code)
