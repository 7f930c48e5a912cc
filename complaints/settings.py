"""Settings of the whole product: one frozen model. Every field is also `OHMBUDSMAN_<FIELD>` in the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from csms.errors import BadInput

PREFIX = "OHMBUDSMAN_"


class Settings(BaseModel):
    """How one process runs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path | None = Field(None, description="Folder for the embedded database and uploads.")
    host: str = Field("127.0.0.1", description="Address that HTTP and OCPP listen on.")
    http_port: int = Field(8080, ge=0, le=65535, description="Port of web pages and REST; 0 picks a free one.")
    ocpp_port: int = Field(9000, ge=0, le=65535, description="Port that stations connect to; 0 picks a free one.")
    database: str | None = Field(None, description="PostgreSQL URL (15 or newer); embedded under `data` without.")
    tls_cert: Path | None = Field(
        None, description="Certificate chain (PEM) of the stations' side; with it stations may come over TLS."
    )
    tls_key: Path | None = Field(None, description="Key (PEM) of `tls_cert`.")
    tls_client_ca: Path | None = Field(
        None, description="Authorities (PEM) whose certificates stations may show: security profile 3."
    )
    ocpps_port: int = Field(
        9443, ge=0, le=65535, description="Port of stations that come over TLS, beside `ocpp_port`; 0 picks a free one."
    )
    ca: Path | None = Field(
        None, description="Folder of the authority that signs for stations; `ca` under `data` if there is one."
    )
    secret_key: SecretStr | None = Field(
        None, description="Seals passwords on their way to stations, the same on all nodes; kept under `data` without."
    )
    ftp_port: int | None = Field(
        None, ge=0, le=65535, description="Port of FTP for logs of old stations; none without. 0 picks a free one."
    )
    ftp_passive_ports: str | None = Field(
        None, pattern=r"^\d{1,5}-\d{1,5}$", description="Ports of FTP data connections, as `60000-60100`; any without."
    )
    ftp_host: str | None = Field(
        None, description="Name or address by which stations reach the FTP port; `host` without."
    )
    nats: str | None = Field(None, description="NATS URLs with commas, for several gateways; in-process without.")
    node: str | None = Field(
        None, description="Name of this process among several, best the same after a restart; `main` without, and with "
        "`nats` its host and process id."
    )
    public_url: str | None = Field(
        None, description="Where customers reach the web pages, for links; derived from each request without."
    )
    unknown_stations: Literal["reject", "quarantine", "accept"] = Field(
        "reject", description="What a station that nobody has entered gets: 404, a place apart, or a welcome."
    )
    unknown_tokens: Literal["reject", "accept"] = Field(
        "reject", description="Whether a token that nobody has entered may charge."
    )
    hotline: str | None = Field(None, description="Phone number that the driver's pages name for danger and help.")
    zone: str = Field("Asia/Shanghai", description="IANA time zone of the sites: working days and case numbers.")
    database_connections: int = Field(12, ge=3, le=200, description="Most connections to the database.")
    otlp: str | None = Field(
        None, description="OpenTelemetry collector that gets traces (OTLP over HTTP), as `http://collector:4318`; "
        "needs the packages of `ohmbudsman[traces]`."
    )
    drain_s: float = Field(
        2, ge=0, le=600, description="Over how many seconds stations are sent away (close 1012) when a process ends."
    )
    trusted_proxies: str = Field(
        "127.0.0.1", description="Addresses whose X-Forwarded-For is believed, with commas; `*` for any."
    )
    proxy_protocol: bool = Field(
        False, description="Stations come through a TCP balancer that sends the PROXY protocol, version 1 or 2; nobody "
        "else gets in. Their ports must be open to the balancer alone, or anybody may claim any address."
    )
    hook_networks: str = Field(
        "", description="Networks, besides the public internet, that hooks may call, as `10.1.0.0/16, fd00::/8`."
    )
    rate_address: float = Field(200, ge=0, description="HTTP requests a second from one address; 0 for no limit.")
    rate_token: float = Field(100, ge=0, description="HTTP requests a second with one API token; 0 for no limit.")
    rate_public: float = Field(
        0.5, ge=0, description="Complaints and log-ins a second from one address, up to 60 s' worth at once; 0 for any."
    )
    keep_frames_days: int = Field(365, ge=0, description="Days that raw frames stay; 0 for ever. Evidence has its own.")
    keep_readings_days: int = Field(3 * 365, ge=0, description="Days that meter readings stay; 0 for ever.")
    keep_steps_days: int = Field(3 * 365, ge=0, description="Days that steps of transactions stay; 0 for ever.")
    thin_readings_days: int = Field(90, ge=0, description="Days after which readings are thinned; 0 for never.")
    keep_events_days: int = Field(30, ge=1, description="Days that news between our own parts stay.")
    max_frame_bytes: int = Field(512 * 1024, ge=1024, description="Largest OCPP message taken.")
    max_body_bytes: int = Field(256 * 1024, ge=1024, description="Largest HTTP body, where no other limit is named.")
    max_filing_bytes: int = Field(64 * 1024 * 1024, ge=1024, description="Largest complaint with its attachments.")
    max_journal_bytes: int = Field(1024 * 1024 * 1024, ge=1024, description="Largest journal import.")
    max_attachment_bytes: int = Field(10 * 1024 * 1024, ge=1024, description="Largest single attachment.")
    four_eyes_above: Decimal = Field(
        Decimal(200), ge=0, description="Refunds above this amount need an approval by someone else."
    )
    smtp_port: int | None = Field(
        None, ge=0, le=65535, description="Port that takes complaints by mail, behind a mail server; none without."
    )
    mail_domains: str = Field("", description="Domains whose mail is ours, with commas; any without.")
    notify_email: str | None = Field(
        None, description="Apprise URL that mails a customer, {to} standing for the address: mailto://...?to={to}"
    )
    notify_sms: str | None = Field(None, description="Apprise URL that sends a text message to {to}.")
    oidc_issuer: str | None = Field(None, description="Issuer URL of the OpenID provider that staff log in with.")
    oidc_client_id: str | None = Field(None, description="What the provider calls us.")
    oidc_client_secret: SecretStr | None = Field(None, description="Our secret there; none for a public client.")
    oidc_role_claim: str = Field("groups", description="Claim that gives the role; dots lead inwards.")
    oidc_roles: str = Field("", description="Values of that claim and the roles they give: leads=supervisor,desk=agent")
    worker_interval_s: float = Field(0.5, gt=0, description="How often the worker looks for news.")
    session_hours: int = Field(12, ge=1, description="How long a log-in lasts.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="What is logged.")

    @model_validator(mode="after")
    def _certificate_with_its_key(self) -> Settings:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key go together")
        if self.tls_client_ca and not self.tls_cert:
            raise ValueError("tls_client_ca needs tls_cert and tls_key")
        return self

    @model_validator(mode="after")
    def _provider_with_its_client(self) -> Settings:
        if self.oidc_issuer and not (self.oidc_client_id and self.oidc_roles):
            raise ValueError("oidc_issuer needs oidc_client_id and oidc_roles")
        return self

    @property
    def authority_folder(self) -> Path | None:
        """Where `ohmbudsman ca init` has put our authority."""
        if self.ca is None and self.data and (self.data / "ca" / "ca.key").exists():
            return self.data / "ca"
        return self.ca

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            raise ValueError("must be an IANA time zone such as Asia/Shanghai") from None
        return zone

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None, **given: Any) -> Settings:
        """From the environment, what is given (not None) winning. Raises BadInput, naming the option."""
        names = os.environ if environment is None else environment
        options = {field: names.get(PREFIX + field.upper()) for field in cls.model_fields}
        known = {field: text for field, text in options.items() if text}
        try:
            return cls(**(known | {name: value for name, value in given.items() if value is not None}))
        except ValidationError as error:
            first = error.errors()[0]
            raise BadInput(".".join(map(str, first["loc"])), first["msg"]) from None
