"""Stations: who they are, whether they are connected, what their connectors last said.

* `said`       what stations say of themselves
* `sockets`    coming and going
* `admitting`  who is let in, and who knocks
* `facts`      what is known of them, as others read it
"""

from csms.stations.admitting import (
    admission as admission,
    admissions as admissions,
    admit as admit,
    create_many as create_many,
    knock as knock,
    knocking as knocking,
    put as put,
    spelled as spelled,
)
from csms.stations.facts import (
    boots_between as boots_between,
    connections_between as connections_between,
    find as find,
    find_many as find_many,
    listing as listing,
    only_plug as only_plug,
    site_stations as site_stations,
    statuses_before as statuses_before,
    statuses_between as statuses_between,
)
from csms.stations.said import (
    keep_statuses as keep_statuses,
    note_boots as note_boots,
    note_progress as note_progress,
    note_security as note_security,
    note_statuses as note_statuses,
    note_transfers as note_transfers,
)
from csms.stations.sockets import (
    connect as connect,
    disconnect as disconnect,
    dropped as dropped,
    left_by as left_by,
    lose as lose,
    open_connections as open_connections,
    remember_protocol as remember_protocol,
    sessions as sessions,
)
