"""Fault codes: what stations' codes mean, for drivers and agents, as data that people can add to."""

from complaints.fault_codes.read import FaultCode as FaultCode, Wrong as Wrong, read as read
from complaints.fault_codes.rows import (
    known as known,
    listing as listing,
    meanings as meanings,
    put as put,
    seed as seed,
    unknown as unknown,
)
