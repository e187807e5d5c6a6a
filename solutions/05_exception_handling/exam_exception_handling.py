"""Kata 05, examined from outside."""

import json
from typing import Any

from asyncio_katas.examine import exam as examine
from asyncio_katas.examine.exam import Call, Exam, Notices, Plan, Run, Scene, Service

CANCELLED = {"error": ["CancelledError", ""]}


def serving(exam: Exam, scene: Scene, *plans: Plan) -> Service:
    """Return a service whose n-th attempt has the n-th of these plans; the last one repeats."""
    return scene.service(lambda call: plans[min(len(call.service.calls), len(plans)) - 1], exam.form())


def supervise(exam: Exam, scene: Scene, services: list[Service], **named: Any) -> tuple[Run, list[str], Notices]:
    """Start supervise with these services under drawn names, and return what was told."""
    names = exam.mints(len(services))
    notices = scene.notices()
    mapping = {"mapping": [[name, service] for name, service in zip(names, services, strict=True)]}
    return scene.run("supervise", mapping, notices, **named), names, notices


def expect_heard(scene: Scene, notices: Notices, due: list[tuple[float, str, Any]]) -> None:
    """Expect on_failure to have been called exactly so: when, with which name, with which exception."""
    # Of two at the same moment either may come first.
    expected = sorted(((when, [name, error]) for when, name, error in due), key=json.dumps)
    scene.expect(
        sorted(notices.heard, key=json.dumps) == expected,
        "on_failure heard (time, arguments) {heard}, expected {expected}.",
        heard=notices.heard,
        expected=expected,
    )


def results(names: list[str], values: list[Any]) -> Any:
    """Return a dict as it leaves a worker."""
    return {"dict": [[name, value] for name, value in zip(names, values, strict=True)]}


@examine.task(1)
def exam_tasks_that_fail(exam: Exam) -> None:
    """report_failure: of tasks that fail, return or are cancelled, those that fail are reported, once and at once."""
    with exam.scene() as scene:
        count = exam.draw.randint(6, 10)
        fates = ["fails", "returns", "is cancelled", *exam.draw.choices(["fails", "returns", "is cancelled"], k=count)]
        exam.draw.shuffle(fates)
        seconds = exam.times(len(fates), 4, 16)
        names = exam.mints(len(fates))
        errors = [exam.error() if fate == "fails" else None for fate in fates]
        # One of them is no Exception.
        errors[fates.index("fails")] = exam.error("Stop")
        plans = [Plan(each, exam.mint(), error=error) for each, error in zip(seconds, errors, strict=True)]
        tasks = [scene.awaitable(plan, "task", name) for plan, name in zip(plans, names, strict=True)]
        notices = scene.notices()
        calls = [scene.run("report_failure", task, notices, sync=True) for task in tasks]
        scene.play(until=exam.seconds(1, 3))
        for each in calls:
            scene.expect_returned(each, None, "It is to return at once.")
            scene.expect_over(each, 0.0)
        for task, fate in zip(tasks, fates, strict=True):
            if fate == "is cancelled":
                scene.cancel(task)
        scene.play()
        due = [(t, name, e) for t, name, e in zip(seconds, names, errors, strict=True) if e is not None]
        expect_heard(scene, notices, due)
        for task, fate in zip(tasks, fates, strict=True):
            how = {"fails": ["raised"], "returns": ["returned"], "is cancelled": ["cancelled"]}[fate]
            scene.expect([call.how for call in task.calls] == how, "A task that {fate} did not.", fate=fate)


@examine.task(1)
def exam_task_that_has_failed(exam: Exam) -> None:
    """report_failure: a task that has failed already is reported once, too."""
    with exam.scene() as scene:
        error, name, when = exam.error(), exam.mint(), exam.seconds()
        task = scene.awaitable(Plan(when, error=error), "task", name)
        first, later = scene.notices(), scene.notices()
        scene.run("report_failure", task, first, sync=True)
        scene.play()
        scene.run("report_failure", {"kept": task.token}, later, sync=True)
        scene.play()
        expect_heard(scene, first, [(when, name, error)])
        expect_heard(scene, later, [(when, name, error)])


@examine.task(2)
def exam_services_together(exam: Exam) -> None:
    """supervise: all services at the same time, each once; what they gave, in the order of the mapping."""
    for count in (exam.draw.randint(4, 9), 0):
        with exam.scene() as scene:
            values = [None, 0, *exam.mints(count)][:count]
            exam.draw.shuffle(values)
            seconds = exam.times(count)
            services = [serving(exam, scene, Plan(t, v)) for t, v in zip(seconds, values, strict=True)]
            if services:
                # One of each form, whatever was drawn.
                services[0].wire = {"service": [services[0].token, "coroutine"]}
                services[1].wire = {"service": [services[1].token, "custom"]}
            call, names, notices = supervise(exam, scene, services)
            scene.play()
            scene.expect_over(call)
            for each in services:
                scene.expect(
                    each.starts == [0.0],
                    "A service was called at t={starts}, expected once at t=0.",
                    starts=each.starts,
                )
            expect_heard(scene, notices, [])
            scene.expect_returned(call, results(names, values))
            scene.expect_over(call, max(seconds, default=0.0))


@examine.task(2)
def exam_failure_stops_nobody(exam: Exam) -> None:
    """supervise: whoever fails stops nobody, is not called again, and is reported at that moment."""
    with exam.scene() as scene:
        early, late = exam.times(exam.draw.randint(1, 3), 1, 4), exam.times(exam.draw.randint(2, 5), 8, 16)
        errors = [exam.error() for _ in early]
        plans = [Plan(t, error=e) for t, e in zip(early, errors, strict=True)]
        plans += [Plan(t, exam.mint(), cleanup=1.0) for t in late]
        exam.draw.shuffle(plans)
        services = [serving(exam, scene, plan) for plan in plans]
        call, names, notices = supervise(exam, scene, services)
        scene.play()
        scene.expect_over(call)
        stopped = sum(1 for each in scene.calls if each.cancels)
        scene.expect(not stopped, "A service failed, and {count} others were cancelled.", count=stopped)
        scene.expect(
            len(scene.calls) == len(plans), "{n} services, and {count} attempts.", n=len(plans), count=len(scene.calls)
        )
        scene.expect_over(call, max(late))
        failed = [
            (plan.seconds or 0.0, name, plan.error) for plan, name in zip(plans, names, strict=True) if plan.error
        ]
        expect_heard(scene, notices, failed)
        scene.expect_group(call, "ExceptionGroup", [plan.error for plan in plans if plan.error])


@examine.task(2)
def exam_retries(exam: Exam) -> None:
    """supervise: each service is called again up to `retries` times, for itself; each failure is reported at once."""
    for retries in (exam.draw.randint(2, 4), 1):
        with exam.scene() as scene:
            # One that needs as many attempts as there are, one that needs fewer, one that none of the others waits for.
            failing = [retries, exam.draw.randint(0, retries), 0, retries]
            services, values, due = [], [], []
            for count in failing:
                plans = [Plan(seconds, error=exam.error()) for seconds in exam.times(count, 1, 2)]
                values.append(exam.mint())
                services.append(serving(exam, scene, *plans, Plan(exam.seconds(1, 2), values[-1])))
                due.append(plans)
            values.append(exam.mint())
            services.append(serving(exam, scene, Plan(64.0, values[-1])))
            due.append([])
            call, names, notices = supervise(exam, scene, services, retries=retries)
            scene.play()
            scene.expect_over(call)
            counts = [len(service.calls) for service in services]
            wanted = [len(plans) + 1 for plans in due]
            scene.expect(
                counts == wanted,
                "retries={retries}: there were {counts} attempts of the services, expected {wanted}.",
                retries=retries,
                counts=counts,
                wanted=wanted,
            )
            scene.expect_returned(call, results(names, values))
            failed = [
                (attempt.end or 0.0, name, plan.error)
                for service, name, plans in zip(services, names, due, strict=True)
                for attempt, plan in zip(service.calls, plans, strict=False)
            ]
            expect_heard(scene, notices, failed)
            scene.expect_over(call, 64.0, "No service waits for another one before it is tried again.")


@examine.task(3)
def exam_final_failures(exam: Exam) -> None:
    """supervise: the last exceptions of those that failed for good leave as one group, in the order of the mapping."""
    for count in (exam.draw.randint(3, 6), 1):
        with exam.scene() as scene:
            retries = exam.draw.randint(1, 2)
            finals: list[Any] = []
            services: list[Any] = []
            for seconds in exam.times(count, 4, 8):
                plans = [Plan(seconds, error=exam.error()) for _ in range(retries)]
                last = exam.error()
                if not finals and count > 1:
                    last = {"group": ["ExceptionGroup", [exam.error(), exam.error()], exam.mint()]}
                finals.append(last)
                services.append(serving(exam, scene, *plans, Plan(seconds, error=last)))
            recovering = [Plan(exam.seconds(), error=exam.error()), Plan(exam.seconds(), exam.mint())]
            services.insert(exam.draw.randint(0, count), serving(exam, scene, *recovering))
            call, _, notices = supervise(exam, scene, services, retries=retries)
            scene.play()
            scene.expect_group(call, "ExceptionGroup", finals, "One for each that failed for good.")
            scene.expect(
                len(notices.heard) == count * (retries + 1) + 1,
                "{count} attempts failed, and {heard} were reported.",
                count=count * (retries + 1) + 1,
                heard=len(notices.heard),
            )
            scene.expect(
                [when for when, _ in notices.heard] == sorted(c.end or 0.0 for c in scene.calls if c.how == "raised"),
                "Failures were not reported at the moments they happened.",
            )


@examine.task(3)
def exam_own_cancellation(exam: Exam) -> None:
    """supervise: a service that ends by CancelledError by itself has failed: reported, retried, in the group."""
    with exam.scene() as scene:
        error = exam.error()
        early, other, late = exam.times(1, 1, 2)[0], exam.times(1, 3, 4)[0], exam.times(1, 8, 16)[0]
        plans = [Plan(early, error=CANCELLED), Plan(other, error=error), Plan(late, exam.mint())]
        exam.draw.shuffle(plans)
        services = [serving(exam, scene, plan) for plan in plans]
        call, names, notices = supervise(exam, scene, services)
        scene.play()
        scene.expect_over(call)
        failed = [
            (plan.seconds or 0.0, name, plan.error) for plan, name in zip(plans, names, strict=True) if plan.error
        ]
        expect_heard(scene, notices, failed)
        scene.expect_group(call, "BaseExceptionGroup", [plan.error for plan in plans if plan.error])
        scene.expect_over(call, late)
    with exam.scene() as scene:
        values = exam.mints(2)
        recovering = serving(exam, scene, Plan(exam.seconds(), error=CANCELLED), Plan(exam.seconds(), values[0]))
        call, names, _ = supervise(
            exam, scene, [recovering, serving(exam, scene, Plan(exam.seconds(), values[1]))], retries=1
        )
        scene.play()
        scene.expect_returned(call, results(names, values))


@examine.task(3)
def exam_cancelled_supervise(exam: Exam) -> None:
    """supervise: cancelled, it cancels each service once and waits for its cleanup; nothing is reported or retried."""
    for careless in exam.draw.sample([True, False], k=2):
        with exam.scene() as scene:
            when = exam.seconds(4, 6)
            cleanups = [*exam.times(exam.draw.randint(2, 4), 1, 4), exam.seconds(64, 512)]
            plans = [
                Plan(
                    exam.seconds(16, 32),
                    exam.mint(),
                    cleanup=each,
                    cleanup_error=exam.error() if careless and place != 1 else None,
                )
                for place, each in enumerate(cleanups)
            ]
            services = [serving(exam, scene, plan) for plan in plans]
            error, failed = exam.error(), exam.seconds(1, 2)
            again = Plan(exam.seconds(16, 32), exam.mint(), cleanup=0.5)
            services.append(serving(exam, scene, Plan(failed, error=error), again))
            services.append(serving(exam, scene, Plan(exam.seconds(1, 2), exam.mint())))
            call, names, notices = supervise(exam, scene, services, retries=exam.draw.randint(1, 3))
            scene.play(until=when)
            running: list[Call] = [each for each in scene.calls if each.is_open]
            before = len(scene.calls)
            scene.cancel(call)
            scene.play()
            scene.expect_over(call)
            scene.expect(len(running) == len(plans) + 1, "Only {n} services were running.", n=len(running))
            scene.expect_cancelled(running, when)
            scene.expect(
                len(scene.calls) == before,
                "supervise was cancelled, and {count} more attempts were made.",
                count=len(scene.calls) - before,
            )
            expect_heard(scene, notices, [(failed, names[-2], error)])
            scene.expect_quiet()
            scene.expect_raised(call, "CancelledError")
            scene.expect_over(call, when + max(cleanups), "The last cleanup was over then.")
    # In the very turn in which the last service ends.
    with exam.scene() as scene:
        last = serving(exam, scene, Plan(None))
        call, _, _ = supervise(exam, scene, [last])
        scene.play()
        scene.expect(len(last.calls) == 1, "A service was called {count} times.", count=len(last.calls))
        scene.settle(last.calls[0], exam.mint())
        scene.cancel(call)
        scene.play()
        scene.expect_raised(call, "CancelledError")
