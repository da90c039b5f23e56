"""Many replays of one market, each with other settings, on processes of this machine or on a cluster.

The market and the replay's own data go to the workers, settings with secrets never do. Needs the ``research`` extra.
"""

from __future__ import annotations

import logging as std_logging
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from bot.app import logging
from bot.backtest import optional_imports
from bot.backtest.checkpoint import digest_of, fingerprint
from bot.backtest.engine import Plan, replay
from bot.backtest.kept_runs import Figures, KeptRuns
from bot.backtest.market import Market
from bot.backtest.report_points import Axis, Point
from bot.backtest.result import Result
from bot.core.errors import ConfigError, DnbotError

if TYPE_CHECKING:
    from distributed import Client, Future

LOOPBACK: Final = "127.0.0.1"
BATCH: Final = 8
"""Trials that a search asks for at once; a fixed number, so that the answers don't depend on the workers."""
SEED: Final = 1
Planner = Callable[[Point], Plan]
"""Returns the replay of a point; raises ConfigError where its settings are wrong."""


@dataclass(frozen=True, slots=True)
class Run:
    """A point and what became of it: ``figures``, or the ``error`` that ended it."""

    point: Point
    figures: Figures | None = None
    error: str | None = None


Progress = Callable[[Run], None]


def figures_of(result: Result) -> Figures:
    """Draw the figures out of a replay."""
    hedge, liquidity = result.total.hedge, result.total.liquidity
    return Figures(
        cost_a_year=result.cost_a_year,
        rebalancing_a_year=result.rebalancing_a_year,
        tracking_error_a_year=result.tracking_error,
        variance_ratio=result.variance_ratio,
        result_usd=float(result.total.total),
        fees_usd=float(liquidity.fees),
        hedge_usd=float(hedge.total),
        funding_usd=float(hedge.funding),
        lvr_usd=float(liquidity.lvr),
        residual_usd=float(result.total.residual),
        turnover_usd=float(result.turnover),
        orders=len(result.orders),
        refused=result.refused,
        liquidations=result.liquidations,
        nearest_liquidation=result.worst_distance,
    )


def run_one(market: Market, policy: Any, venues: Any) -> Figures:  # noqa: ANN401 - a Plan's parts, as they travel
    """Replay one point; what a worker does."""
    logging.configure("error", "json", (), sys.stderr)
    plan = Plan(market, policy, venues)
    return figures_of(replay(plan))


@contextmanager
def workers(count: int, scheduler: str | None) -> Iterator[Client]:
    """Start local processes, on the loopback and without a dashboard; or join a scheduler.

    Raises:
        ConfigError: the research extra is missing, or there is no scheduler.
    """
    try:
        from dask import config  # noqa: PLC0415 - heavy, and only sweeps need it
        from distributed import Client, LocalCluster  # noqa: PLC0415 - the same
    except ImportError as error:
        raise optional_imports.missing("a sweep needs the research extra") from error
    if scheduler is not None:
        try:
            client = Client(scheduler, timeout="10s")
        except (OSError, ValueError, TimeoutError) as error:
            raise ConfigError(f"--scheduler {scheduler}: can't be reached: {error}") from error
        with client:
            yield client
        return
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch,
        config.set({f"distributed.{part}.http.routes": [] for part in ("scheduler", "worker")}),  # nothing to look at
        LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            host=LOOPBACK,
            # without one of its own, every scheduler asks for the port 8787, and the second one of a machine complains
            scheduler_kwargs={"dashboard": False, "dashboard_address": f"{LOOPBACK}:0"},
            memory_limit=None,
            local_directory=scratch,
            silence_logs=std_logging.CRITICAL,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


class Sweep:
    """One sweep under way: ``market`` on the workers, ``plan`` for a point's settings, ``done`` told of each run.

    What is among the ``kept`` runs is not replayed again; a new one is kept as it ends.
    """

    def __init__(
        self, client: Client, market: Market, plan: Planner, done: Progress, kept: KeptRuns | None = None
    ) -> None:
        self._client, self._plan, self._done, self._kept = client, plan, done, kept
        self._data = None if kept is None else digest_of(market)
        # a key of its own: by content, a sweep that is over could take the same market away from the next one
        self._market = client.scatter(market, broadcast=True, hash=False)

    def run(self, points: Iterable[Point]) -> list[Run]:
        """Replay all points; a run that fails is told as such, and the others go on."""
        wanted = list(points)
        futures: dict[int, Future[Figures]] = {}
        found: dict[int, Run] = {}
        names: dict[int, str] = {}
        for place, point in enumerate(wanted):
            try:
                plan = self._plan(point)
            except ConfigError as error:
                found[place] = self._tell(Run(point, error=str(error)))
                continue
            if self._kept is not None:
                names[place] = fingerprint(plan, skip=True, data=self._data)
            if self._kept is not None and (known := self._kept.known.get(names[place])) is not None:
                found[place] = self._tell(Run(point, figures=known))
            else:
                futures[place] = self._client.submit(run_one, self._market, plan.policy, plan.venues, pure=False)
        places = {future.key: place for place, future in futures.items()}
        from distributed import as_completed  # noqa: PLC0415 - it is there: the client came of it

        for future in as_completed(futures.values()):
            place = places[future.key]
            run = _ended(wanted[place], future)
            if self._kept is not None and run.figures is not None:
                self._kept.add(names[place], run.figures)
            found[place] = self._tell(run)
        return [found[place] for place in range(len(wanted))]

    def search(self, axes: Sequence[Axis], trials: int) -> list[Run]:
        """Look for the points that no other beats in both cost and tracking error."""
        import optuna  # noqa: PLC0415 - heavy, and only a search needs it

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        study = optuna.create_study(
            directions=["minimize", "minimize"], sampler=optuna.samplers.TPESampler(seed=SEED, n_startup_trials=BATCH)
        )
        found: list[Run] = []
        while len(found) < trials:
            asked = [study.ask() for _ in range(min(BATCH, trials - len(found)))]
            for trial, run in zip(asked, self.run([_suggested(trial, axes) for trial in asked]), strict=True):
                if run.figures is None:
                    study.tell(trial, state=optuna.trial.TrialState.FAIL)
                else:
                    study.tell(trial, [run.figures.rebalancing_a_year, run.figures.tracking_error_a_year])
                found.append(run)
        return found

    def _tell(self, run: Run) -> Run:
        self._done(run)
        return run


def _ended(point: Point, future: Future[Figures]) -> Run:
    error = future.exception()
    if error is None:
        return Run(point, figures=future.result())
    words = str(error) if isinstance(error, DnbotError) else f"{type(error).__name__}: {error}"
    return Run(point, error=words)


def _suggested(trial: Any, axes: Sequence[Axis]) -> Point:  # noqa: ANN401 - optuna's trial
    point = {}
    for axis in axes:
        span = axis.span
        if span is None:
            point[axis.key] = str(trial.suggest_categorical(axis.key, axis.values))
        elif span.is_whole:
            point[axis.key] = span.text(trial.suggest_int(axis.key, int(span.low), int(span.high), log=span.low > 0))
        else:
            low, high = float(span.low), float(span.high)
            point[axis.key] = span.text(trial.suggest_float(axis.key, low, high, log=low > 0))
    return point


def columns(runs: Sequence[Run]) -> Mapping[str, Sequence[Any]]:
    """Return the runs as columns: the settings, the figures (None where it failed), and the error."""
    found: dict[str, list[Any]] = {key: [run.point[key] for run in runs] for key in (runs[0].point if runs else ())}
    for one in fields(Figures):
        found[one.name] = [None if run.figures is None else getattr(run.figures, one.name) for run in runs]
    found["error"] = [run.error for run in runs]
    return found


def unbeaten(runs: Sequence[Run]) -> list[Run]:
    """Return the runs that no other one beats in both cost and tracking error, by rising tracking error."""
    done = [(run.figures.tracking_error_a_year, run.figures.rebalancing_a_year, run) for run in runs if run.figures]
    best, found = float("inf"), []
    for _, cost, run in sorted(done, key=lambda item: item[:2]):
        if cost < best:
            best = cost
            found.append(run)
    return found
