"""What goes out over HTTP: the contract's shapes, and the same as models for OpenAPI.

Answers are written straight from the facts; the models document them, and the tests hold both together.
"""

from csms.rest.shapes.base import (
    Listing as Listing,
    Problem as Problem,
    Shape as Shape,
    json as json,
    paged as paged,
    when as when,
)
from csms.rest.shapes.charging import (
    ReadingShape as ReadingShape,
    TokenShape as TokenShape,
    TransactionShape as TransactionShape,
    reading as reading,
    token as token,
    transaction as transaction,
)
from csms.rest.shapes.commands import (
    CommandShape as CommandShape,
    UploadShape as UploadShape,
    command as command,
    upload as upload,
)
from csms.rest.shapes.journal import (
    FrameShape as FrameShape,
    ImportShape as ImportShape,
    QuarantineShape as QuarantineShape,
    RepairShape as RepairShape,
    SuspectShape as SuspectShape,
    VerifiedShape as VerifiedShape,
    frame as frame,
    quarantined as quarantined,
    repair as repair,
    suspect as suspect,
)
from csms.rest.shapes.security import (
    IssuedCertificateShape as IssuedCertificateShape,
    SecurityEventShape as SecurityEventShape,
    issued_certificate as issued_certificate,
    security_event as security_event,
)
from csms.rest.shapes.stations import (
    FaultShape as FaultShape,
    KnockShape as KnockShape,
    StationDetail as StationDetail,
    StationShape as StationShape,
    VariableShape as VariableShape,
    fault as fault,
    knock as knock,
    station as station,
    variable as variable,
)
