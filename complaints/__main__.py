"""The command line: one script, `ohmbudsman`. Every option is also an environment variable."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from complaints.command_line import at_database, option, run_with_loop, together, where, with_database
from complaints.settings import PREFIX, Settings
from complaints.staff_commands import token, user
from csms.errors import BadInput, OhmbudsmanError

serving = together(
    where,
    option("--host", default=None, help="Address to listen on (127.0.0.1)."),
    option("--http-port", type=int, default=None, help="Port of pages and REST (8080); 0 picks a free one."),
    option("--ocpp-port", type=int, default=None, help="Port of stations (9000); 0 picks a free one."),
    option("--tls-cert", type=click.Path(path_type=Path, dir_okay=False), default=None,
           help="Certificate chain (PEM): stations may come over TLS too."),
    option("--tls-key", type=click.Path(path_type=Path, dir_okay=False), default=None, help="Its key (PEM)."),
    option("--tls-client-ca", type=click.Path(path_type=Path, dir_okay=False), default=None,
           help="Whose client certificates are believed (PEM): security profile 3."),
    option("--ca", type=click.Path(path_type=Path, file_okay=False), default=None,
           help="Folder of the authority that signs certificates of stations (DATA/ca if it is there)."),
    option("--ocpps-port", type=int, default=None, help="Port of stations over TLS (9443); 0 picks a free one."),
    option("--ftp-port", type=int, default=None, help="Port of FTP for logs of old stations; none without."),
    option("--ftp-passive-ports", default=None, help="Ports of FTP data connections, as 60000-60100."),
    option("--ftp-host", default=None, help="Name or address by which stations reach the FTP port."),
    option("--nats", default=None, help="NATS URLs with commas, for several nodes."),
    option("--node", default=None, help="Name of this process among several; the same after a restart."),
    option("--public-url", default=None, help="Where customers reach the pages, for links."),
    option("--unknown-stations", type=click.Choice(["reject", "quarantine", "accept"]), default=None,
           help="What a station that nobody has entered gets (reject)."),
    option("--unknown-tokens", type=click.Choice(["reject", "accept"]), default=None,
           help="Whether a token that nobody has entered may charge (reject)."),
    option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default=None, help="(info)"),
)


@click.group()
@click.version_option(package_name="ohmbudsman")
def cli() -> None:
    """Ohmbudsman: an OCPP central system that settles complaints with evidence."""


@cli.command()
@serving
def serve(**given: Any) -> None:
    """Everything in one process: stations, pages, REST, worker."""
    _serve(given, stations=True, desk=True)


@cli.command()
@serving
def gateway(**given: Any) -> None:
    """Only the stations' side, for many nodes."""
    _serve(given, stations=True, desk=False)


@cli.command()
@serving
def desk(**given: Any) -> None:
    """Only pages, REST and worker, for many nodes."""
    _serve(given, stations=False, desk=True)


def _serve(given: dict[str, Any], *, stations: bool, desk: bool) -> None:
    from complaints.app import serve_until_told
    from csms.kit import logs

    settings = Settings.load(**given)
    if settings.data is None and settings.database is None:
        raise click.UsageError("name a folder with --data, or a PostgreSQL with --database")
    logs.configure(level=settings.log_level)
    run_with_loop(serve_until_told(settings, stations=stations, desk=desk))


@cli.command()
@serving
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def check(as_json: bool, **given: Any) -> None:
    """Look at settings and database; status 1 if something is wrong, each finding with its fix."""
    from complaints import checkup
    from csms.kit.clock import system_clock

    try:
        found = run_with_loop(checkup.check(Settings.load(**given), system_clock()))
    except BadInput as error:
        found = [checkup.wrong(f"{error.field}: {error}", f"mend {PREFIX}{error.field.upper()} or its option")]
    for each in found if not as_json else ():
        click.echo(f"{each.grade:5}  {each.what}" + (f"\n       {each.fix}" if each.fix else ""))
    told = checkup.told(found)
    if as_json:
        click.echo(json.dumps(told))
    raise SystemExit(0 if told["ok"] else 1)


@cli.command()
@where
def migrate(data: Path | None, database: str | None) -> None:
    """Only apply what migrations are missing: for a role that owns the schema while another one serves."""
    from csms.kit.migrate import migrate

    for name in run_with_loop(at_database(data, database, migrate)) or ["nothing to apply"]:
        click.echo(name)


@cli.command()
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@where
def storage(dry_run: bool, data: Path | None, database: str | None) -> None:
    """Let go what policy says is old enough, and thin old readings. Run it each night, as the schema's owner."""
    from complaints import storage
    from csms.kit.clock import system_clock

    settings = Settings.load(data=data, database=database)

    async def work(db: Any) -> list[str]:
        return await storage.tidy(db, storage.policy_of(settings), system_clock(), dry_run=dry_run)

    for line in with_database(data, database, work):
        click.echo(line)


@cli.command()
@click.argument("to", type=click.Path(path_type=Path))
@where
def backup(to: Path, data: Path | None, database: str | None) -> None:
    """Write database and files to the new folder TO, while the server runs."""
    from complaints import backup
    from csms.kit.clock import system_clock

    made = run_with_loop(at_database(data, database, lambda dsn: backup.make(dsn, data, to, system_clock())))
    click.echo(f"{to}: {made.migrations} migrations, sha256 {made.sha256}")


@cli.command()
@click.argument("source", type=click.Path(path_type=Path, exists=True, file_okay=False))
@where
def restore(source: Path, data: Path | None, database: str | None) -> None:
    """Bring the backup SOURCE into an empty database and data folder."""
    from complaints import backup

    run_with_loop(at_database(data, database, lambda dsn: backup.restore(dsn, data, source)))
    click.echo("restored; now: ohmbudsman journal verify, ohmbudsman audit verify")


@cli.command()
@click.option("--exit", "ends", is_flag=True, help="End after the story: status 0 if every step held, else 1.")
@option("--http-port", type=int, default=None, help="Port of the pages (a free one).")
def demo(ends: bool, http_port: int | None) -> None:
    """A session goes wrong, the driver complains, the truth comes out, the reset helps."""
    from complaints.demo import tell

    raise SystemExit(run_with_loop(tell(ends=ends, http_port=http_port or 0)))


cli.add_command(token)
cli.add_command(user)


@cli.group()
def journal() -> None:
    """The journal: bring in, take out, verify, rebuild from."""


@journal.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Only check the lines.")
@where
def journal_import(file: Any, dry_run: bool, data: Path | None, database: str | None) -> None:
    """Bring in a journal file (NDJSON); lines known already change nothing."""
    from csms.importer import import_lines
    from csms.kit.clock import system_clock

    async def work(db: Any) -> Any:
        return await import_lines(db, system_clock, file, dry_run=dry_run)

    report = with_database(data, database, work)
    click.echo(f"{report.accepted} accepted, {report.duplicates} known already, {len(report.rejected)} rejected")
    for wrong in report.rejected:
        click.echo(f"line {wrong['line']}: {wrong['message']}", err=True)
    raise SystemExit(1 if report.rejected else 0)


@journal.command("export")
@click.option("--station", required=True)
@click.option("--from", "since", default=None, help="RFC 3339 time; from the beginning without.")
@click.option("--to", "until", default=None, help="RFC 3339 time; to the end without.")
@where
def journal_export(station: str, since: str | None, until: str | None, data: Path | None, database: str | None) -> None:
    """Write a station's journal to standard output, in the format that `import` reads."""
    from csms.importer import export_lines
    from csms.kit.clock import parse_time

    async def work(db: Any) -> None:
        async for line in export_lines(
            db, station, parse_time(since) if since else None, parse_time(until) if until else None
        ):
            sys.stdout.buffer.write(line)

    with_database(data, database, work)
    sys.stdout.flush()


@journal.command("verify")
@click.option("--station", default=None, help="Only this one.")
@where
def journal_verify(station: str | None, data: Path | None, database: str | None) -> None:
    """Walk the hash chains; name the first row that was altered, removed or inserted."""
    from csms.journal import verify

    async def work(db: Any) -> Any:
        async with db.acquire() as conn:
            return await verify(conn, station)

    checked, broken = with_database(data, database, work)
    for misfit in broken:
        click.echo(f"{misfit.station}: row {misfit.seq} {misfit.why}")
    click.echo(f"{checked} rows checked, {'no' if not broken else len(broken)} chain broken")
    raise SystemExit(1 if broken else 0)


@journal.command("rebuild")
@where
def journal_rebuild(data: Path | None, database: str | None) -> None:
    """Recompute every projection from the journal."""
    from csms.importer import rebuild

    lines = with_database(data, database, rebuild)
    click.echo(f"projections rebuilt from {lines} rows")


@cli.group("ca")
def certificate_authority() -> None:
    """A small authority for certificates of stations."""


def _authority_folder(folder: Path | None, data: Path | None) -> Path:
    if folder is None and data is None:
        raise click.UsageError("name the authority's folder: --ca DIR, or --data DIR for DIR/ca")
    return folder or (data or Path()) / "ca"


@certificate_authority.command("init")
@click.option("--name", default="Ohmbudsman station authority", help="What its certificate calls it.")
@option("--ca", type=click.Path(path_type=Path, file_okay=False), help="Its folder (DATA/ca).")
@option("--data", type=click.Path(path_type=Path, file_okay=False), help="Folder of the server.")
def ca_init(name: str, ca: Path | None, data: Path | None) -> None:
    """Make it; prints where its certificate is, which stations and the server are to trust."""
    from csms.authority import Authority
    from csms.kit.clock import system_clock

    folder = _authority_folder(ca, data)
    try:
        Authority.init(folder, name, system_clock())
    except OhmbudsmanError as error:
        raise click.ClickException(str(error)) from error
    click.echo(folder / "ca.crt")


@certificate_authority.command("issue")
@click.argument("name")
@click.option("--server", is_flag=True, help="NAME is the host name or address of a server, not a station.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Where the files go (.).")
@option("--ca", type=click.Path(path_type=Path, file_okay=False), help="The authority's folder (DATA/ca).")
@where
def ca_issue(
    name: str, server: bool, out: Path, ca: Path | None, data: Path | None, database: str | None
) -> None:
    """Make a key and its certificate for station NAME, and put it on record, so that it can be revoked."""
    from csms import authority
    from csms.kit.clock import system_clock

    now = system_clock()
    try:
        issued, key = authority.Authority.load(_authority_folder(ca, data)).issue(name, now, server=server)
    except OhmbudsmanError as error:
        raise click.ClickException(str(error)) from error

    async def work(db: Any) -> None:
        async with db.acquire() as conn:
            await authority.record(conn, issued, name, "Server" if server else "ChargingStation", now, "command line")

    out.mkdir(parents=True, exist_ok=True)
    stem = "".join(c if c.isalnum() or c in "-_." else "_" for c in name).lstrip(".")[:100] or "certificate"
    try:
        authority.write_private(out / f"{stem}.key", key)
    except FileExistsError:
        raise click.ClickException(f"{out / stem}.key is there already") from None
    with_database(data, database, work)
    (out / f"{stem}.crt").write_text(issued.chain)
    click.echo(out / f"{stem}.crt")


@cli.group()
def audit() -> None:
    """The desk's record: check it, sign its head."""


@audit.command("verify")
@click.option("--heads", type=click.Path(path_type=Path, file_okay=False), default=None,
              help="Folder with the head files that were kept elsewhere.")
@where
def audit_verify(heads: Path | None, data: Path | None, database: str | None) -> None:
    """Walk the chains of all cases and the chain over their heads; name what no longer fits."""
    from complaints.record import verify_all

    async def work(db: Any) -> Any:
        async with db.acquire() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
            return await verify_all(conn, heads or (data / "heads" if data else None))

    checked, broken = with_database(data, database, work)
    for misfit in broken:
        click.echo(f"{misfit.what}: {misfit.why}")
    click.echo(f"{checked} threads checked, {len(broken) or 'nothing'} broken")
    raise SystemExit(1 if broken else 0)


@audit.command("head")
@click.option("--heads", type=click.Path(path_type=Path, file_okay=False), default=None, help="Where its file goes.")
@where
def audit_head(heads: Path | None, data: Path | None, database: str | None) -> None:
    """Sign a head over all cases now. The server does so every day by itself."""
    from complaints.record.heads import key_in, make_head
    from csms.kit.clock import system_clock

    folder = heads or (data / "heads" if data else None)

    async def work(db: Any) -> int:
        async with db.acquire() as conn, conn.transaction():
            key = key_in(folder.parent / "heads.key") if folder else None
            return await make_head(conn, system_clock(), key, folder)

    click.echo(f"head {with_database(data, database, work)}")


def main() -> None:
    from charger_emulator.cli import emulate

    cli.add_command(emulate)
    cli()


if __name__ == "__main__":
    main()
