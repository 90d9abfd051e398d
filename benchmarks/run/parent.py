"""The parent process: one worker after another, results.json after each.

It imports neither NumPy nor Keras, so that nothing of one row can be there
before another.
"""

import shlex
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import IO, Any

from msgspec.structs import asdict, replace

from benchmarks import InputError, printable
from benchmarks.measure import conditions
from benchmarks.measure.messages import Answer, Done, Keep, Say, Task
from benchmarks.record.machine import describe
from benchmarks.record.record import SCHEMA, Data, Record, now
from benchmarks.record.request import Entry, Request
from benchmarks.record.run import Run, Studied
from benchmarks.run.progress import Display
from benchmarks.run.worker import ask


class Parent:
    """Does what a request asks for, and keeps all of it in a folder."""

    def __init__(
        self, request: Request, folder: Path, display: Display
    ) -> None:
        self.request, self.folder, self.display = request, folder, display
        self.studied: list[Studied] = []

    def find_data(self, sums: dict[str, str] | None = None) -> Data:
        """Find the data and draw four digits; InputError if there are none.

        sums  draw no digits of data with other sums
        """
        done = self._ask("data", sums=sums)
        if done.data is None:
            raise InputError(done.message)
        self.display.say(
            f"data: {done.data.name} (from {done.data.source}); four of "
            f"them are in {self.folder / 'figures' / 'digits.png'}"
        )
        return done.data

    def require_gpu(self) -> None:
        """Refuse --device gpu in one line where nothing could use one."""
        gpus = self._ask("gpu").gpus
        missing = []
        if not gpus or not gpus.tensorflow:
            missing.append("TensorFlow sees none")
        if not gpus or not gpus.xgboost:
            missing.append("XGBoost was built without CUDA")
        if missing or gpus is None:
            raise InputError(
                f"--device gpu: there is no usable GPU here "
                f"({', '.join(missing)}): take --device cpu, or install the "
                f"GPU builds of both"
            )
        names = ", ".join(gpus.tensorflow)
        self.display.say(f"GPU: {names}; NumPy can use none")

    def require_added(self) -> None:
        """Refuse --add in one line if a name makes no classifier."""
        done = self._ask("added")
        if done.status == "ok":
            return
        if done.message.startswith("--add"):
            raise InputError(done.message)
        names = [row.name for row in self.request.rows if row.added]
        reason = done.message.partition(";")[0]  # it ended the process, say
        raise InputError(f"--add {', '.join(names)}: {reason}")

    def begin(self, data: Data) -> Record:
        """The record of a run that has not trained anything yet."""
        command = ["python", "-m", "benchmarks", *sys.argv[1:]]
        # Every row is given what was found: none looks, or downloads, again.
        self.request = replace(self.request, data=data.choice)
        record = Record(
            schema=SCHEMA,
            id=self.folder.resolve().name,
            command=printable(shlex.join(command)),
            started_utc=now(),
            request=replace(self.request, data_dir=None),
            machine=describe(),
            data=data,
        )
        record.save(self.folder)
        return record

    def go_on(self, record: Record) -> Record:
        """Do what the plan of a record still lacks; compare; draw."""
        for entry in record.missing():
            row = self.request.row(entry.row)
            self.display.start(row, entry.round)
            # A net of the study that is ready stays, whatever comes.
            begun = [r for r in record.runs if r.status == "running"]
            record.runs = [r for r in record.runs if r not in begun]
            self.studied = [net for run in begun for net in run.study]
            run = self._row(record, entry)
            record.runs.append(run)
            record.save(self.folder)
            self.display.finish(run)
        done = self._ask("compare")
        if done.comparison is None:
            self.display.say(f"weights were not compared: {done.message}")
        record.comparison = done.comparison
        record.finished_utc = now()
        record.save(self.folder)
        self.draw()
        return record

    def _row(self, record: Record, entry: Entry) -> Run:
        """Train or sweep one row; a run that says so if that failed."""
        start = perf_counter()
        unfinished = Run(**asdict(entry), status="running", study=self.studied)

        def keep(net: Studied) -> None:
            self.studied.append(net)
            replace(record, runs=[*record.runs, unfinished]).save(self.folder)

        done = self._ask(
            "row",
            keep,
            row=self.request.row(entry.row),
            round=entry.round,
            studied=[net.key for net in self.studied],
        )
        run = done.run or Run(entry.row, message=printable(done.message))
        return replace(
            run,
            round=entry.round,
            order=entry.order,
            status=done.status,
            wall_seconds=perf_counter() - start,
            study=self.studied,
        )

    def draw(self) -> None:
        """Draw the page in a process of its own, from results.json alone."""
        with self._log() as log:
            code = subprocess.call(
                [sys.executable, "-m", "benchmarks.report", self.folder],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=conditions.environment(1, "cpu"),
            )
        if code:
            self.display.say("the page could not be drawn; see run.log")

    def _ask(self, kind: Any, keep: Any = None, **more: Any) -> Done:
        """Give a worker one task; show what it says on the way."""

        def hear(answer: Answer) -> None:
            if isinstance(answer, Say):
                self.display.say(answer.text)
            elif isinstance(answer, Keep):
                keep(answer.studied)
            elif not isinstance(answer, Done):
                self.display.progress(answer)

        task = Task(
            kind=kind,
            request=self.request,
            folder=str(self.folder.resolve()),
            **more,
        )
        with self._log() as log:
            return ask(task, log, hear)

    def _log(self) -> IO[str]:
        """What libraries print goes to run.log."""
        return (self.folder / "run.log").open("a", encoding="utf-8")
