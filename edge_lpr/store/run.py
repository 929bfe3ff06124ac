"""Puts a worker together and lets it work: what ``edge-lpr ingest`` does."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from edge_lpr.core.clock import Clock
from edge_lpr.core.complaints import Complaints
from edge_lpr.core.errors import StoreError
from edge_lpr.core.log import Log
from edge_lpr.store.arguments import IngestOptions
from edge_lpr.store.auditor import Auditor
from edge_lpr.store.hit_delivery import HitDelivery
from edge_lpr.store.intake import Intake
from edge_lpr.store.metrics import IngestMetrics
from edge_lpr.store.opening import open_store, prepare_database
from edge_lpr.store.sodium_key import SodiumKey
from edge_lpr.store.store_thread import StoreThread
from edge_lpr.store.webhook import read_webhook
from edge_lpr.store.worker import Pace, Worker
from edge_lpr.subscriber.authenticity import Authenticator
from edge_lpr.subscriber.broker_url import parse_broker_url
from edge_lpr.subscriber.key_files import TlsFiles, read_authority_key
from edge_lpr.subscriber.mqtt_link import MqttLink
from edge_lpr.subscriber.paho_session import SessionWishes
from edge_lpr.subscriber.watch_list_file import WatchListFile
from edge_lpr.wire.jws import load_signing_key


def ingest(options: IngestOptions, clock: Clock, log: Log, is_stopped: Callable[[], bool]) -> None:
    """Put the parts together and work."""
    chosen = options.subscriber
    authority = read_authority_key(Path(str(chosen.authority_key)))
    listed = _followed(Path(chosen.watchlist), log, clock) if chosen.watchlist else None
    request_key = (
        load_signing_key(Path(chosen.request_key_file)) if chosen.request_key_file else None
    )
    webhook = (
        read_webhook(options.webhook, options.webhook_secret)
        if options.webhook is not None and options.webhook_secret is not None
        else None
    )
    metrics = IngestMetrics()
    if options.metrics_port is not None:
        metrics.serve(options.metrics_port)
    link = _link(options)
    for number in prepare_database(options, clock):
        log.info("migrated", version=str(number))
    opening = partial(open_store, options, clock)
    with ExitStack() as parts:
        store = opening()
        parts.callback(store.close)
        threads: list[StoreThread] = [Auditor(opening, link.publish, request_key, metrics, clock)]
        if webhook is not None:
            threads.append(HitDelivery(opening, webhook.deliver, metrics, clock))
        for thread in threads:
            thread.start()
            parts.callback(thread.stop)
        if listed is not None:
            listed.start()
            parts.callback(listed.close)
        intake = Intake(Authenticator(authority, clock, SodiumKey), listed)
        log.info("started")
        Worker(store, intake, link, metrics, clock).run(
            Pace(most=options.batch), lambda: is_stopped() or _has_failed(threads, listed)
        )
        has_failed = _has_failed(threads, listed)
    if has_failed:
        raise StoreError(
            "a thread of this worker has ended, and the worker with it; start it again, and report "
            "the failure that is logged before this one"
        )


def _followed(path: Path, log: Log, clock: Clock) -> WatchListFile:
    """Return a watch-list that is read again when it changes, and says so."""
    complaints = Complaints(log, clock)
    return WatchListFile(
        path,
        lambda error: complaints.about("watch_list_refused", error),
        lambda rows: log.info("watch_list_changed", rows=rows),
    )


def _has_failed(threads: Iterable[StoreThread], listed: WatchListFile | None) -> bool:
    """Return whether a thread has ended that should be at work."""
    is_list_dead = listed is not None and listed.has_failed
    return is_list_dead or any(thread.failure is not None for thread in threads)


def _link(options: IngestOptions) -> MqttLink:
    """Prepare the connection: sightings are shared, births come to everybody."""
    chosen = options.subscriber
    filters = dict(chosen.topic_filters())
    births = chosen.births_filter()
    # A status says nothing that a database should keep. Births are retained, and come again with
    # every connection, so nobody has to acknowledge them.
    shared = [
        (f"$share/{options.group}/{topic_filter}", 1)
        for topic_filter in filters
        if not topic_filter.endswith(("/birth", "/status"))
    ]
    wishes = SessionWishes(
        client_id=str(chosen.name),
        keeps_place=options.away_s > 0,
        is_mqtt5=chosen.mqtt_version == "5",
        subscriptions=[(births, 0), *shared],
        expiry_s=options.away_s,
    )
    files = TlsFiles(
        *(
            Path(file) if file else None
            for file in (chosen.ca_file, chosen.certificate_file, chosen.key_file)
        )
    )
    return MqttLink(parse_broker_url(chosen.broker), files, wishes)
