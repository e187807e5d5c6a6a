"""Kata 10, examined from outside."""

from typing import Any

from asyncio_katas.examine import exam as examine
from asyncio_katas.examine.exam import Exam, Plan, Run, Scene, Service

FORMS = ("coroutine", "task", "custom")
BOTH = ("outcomes", "first_success")


def children(exam: Exam, scene: Scene, plans: list[Plan], *forms: str) -> list[Service]:
    """Return something to await for each plan, in forms that are drawn."""
    return [scene.awaitable(plan, exam.draw.choice(forms or FORMS), exam.mint()) for plan in plans]


def cleanups(exam: Exam, seconds: list[float]) -> list[Plan]:
    """Return a plan for each time, with a value and a cleanup of its own."""
    return [
        Plan(each, exam.mint(), cleanup=cleanup)
        for each, cleanup in zip(seconds, exam.times(len(seconds), 1, 4), strict=True)
    ]


def start(exam: Exam, scene: Scene, name: str, given: list[Service]) -> Run:
    """Hand over the children in an iterable that is drawn."""
    return scene.run(name, given if exam.draw.random() < 0.5 else {"iterator": list(given)})


def calls_of(scene: Scene, given: list[Service], why: str) -> list[examine.Call]:
    """Return the one call of each child; expect there to be one, from the first moment on."""
    for each in given:
        scene.expect(
            each.starts == [0.0],
            "{count} awaitables were given, and one of them was awaited at t={starts}, not once at t=0. {why}",
            count=len(given),
            starts=each.starts,
            why=why,
        )
    return [each.calls[0] for each in given]


@examine.task(1)
def exam_outcomes_of_all(exam: Exam) -> None:
    """outcomes: all at the same time, one outcome each in the order given, whatever fails; [] for none."""
    for count in (exam.draw.randint(8, 12), exam.draw.randint(8, 12), 0):
        with exam.scene() as scene:
            values = [None, 0, "", False, *exam.mints(count)][:count]
            exam.draw.shuffle(values)
            failing = exam.draw.sample(range(count), k=count // 3)
            plans = [
                Plan(seconds, value, error=exam.error() if place in failing else None)
                for place, (seconds, value) in enumerate(zip(exam.times(count), values, strict=True))
            ]
            given = children(exam, scene, plans)
            call = start(exam, scene, "outcomes", given)
            scene.play()
            scene.expect_over(call)
            calls = calls_of(scene, given, "All of them are to run together.")
            scene.expect(
                all(not each.cancels for each in calls), "A child was cancelled though nobody had asked for it."
            )
            pairs = [{"tuple": ["ok", plan.value] if plan.error is None else ["err", plan.error]} for plan in plans]
            scene.expect_returned(call, pairs)
            scene.expect_over(call, max((plan.seconds or 0.0 for plan in plans), default=0.0))


@examine.task(1)
def exam_outcomes_forms(exam: Exam) -> None:
    """outcomes: coroutines, objects with `__await__` and tasks side by side, one of them twice; the first ends last."""
    with exam.scene() as scene:
        forms = [*FORMS, *FORMS]
        exam.draw.shuffle(forms)
        seconds = sorted(exam.times(len(forms)), reverse=True)
        plans = [Plan(each, exam.mint()) for each in seconds]
        given = [scene.awaitable(plan, form) for plan, form in zip(plans, forms, strict=True)]
        first = exam.draw.choice([place for place, form in enumerate(forms) if form == "task"])
        again = exam.draw.randint(first + 1, len(forms))
        handed: list[Any] = [*given[:again], {"kept": given[first].token}, *given[again:]]
        call = scene.run("outcomes", {"iterator": handed})
        scene.play()
        scene.expect_over(call)
        calls_of(scene, given, "All of them are to run together.")
        plans.insert(again, plans[first])
        scene.expect_returned(call, [{"tuple": ["ok", plan.value]} for plan in plans], "One pair for each place.")


@examine.task(2)
def exam_first_success(exam: Exam) -> None:
    """first_success: the first that succeeds, at once; the losers are cancelled once and their cleanup is awaited."""
    for value in exam.draw.sample([exam.mint(), None, exam.draw.choice([0, "", False])], k=3):
        with exam.scene() as scene:
            count = exam.draw.randint(4, 9)
            plans = cleanups(exam, exam.times(count, 8, 16))
            for seconds in exam.times(exam.draw.randint(1, 3), 1, 4):
                plans.append(Plan(seconds, error=exam.error()))
            when = exam.seconds(5, 7)
            plans.append(Plan(when, value))
            exam.draw.shuffle(plans)
            given = children(exam, scene, plans)
            call = start(exam, scene, "first_success", given)
            scene.play()
            scene.expect_over(call)
            calls = calls_of(scene, given, "It is a race.")
            scene.expect_cancelled([each for each in calls if each.how not in {"returned", "raised"}], when)
            scene.expect(
                sum(1 for each in calls if each.how in {"returned", "raised"}) == len(plans) - count,
                "There was a winner at t={t}, and a loser ran on to its end.",
                t=when,
            )
            scene.expect_quiet()
            scene.expect_returned(call, value)
            due = when + max(plan.cleanup for plan in plans)
            scene.expect_over(call, due, "The last cleanup was over then.")
    with exam.scene() as scene:
        # Who has won one race, and who was cancelled in it, takes part in another, which is decided when it begins.
        plans, value = cleanups(exam, exam.times(exam.draw.randint(1, 3), 8, 16)), exam.mint()
        given = children(exam, scene, [*plans, Plan(exam.seconds(1, 4), value)], "task")
        call = start(exam, scene, "first_success", given)
        scene.play()
        scene.expect_returned(call, value)
        began, plans = scene.now, cleanups(exam, exam.times(exam.draw.randint(1, 4), 8, 16))
        rivals = children(exam, scene, plans, "task")
        entrants: list[Any] = [*({"kept": each.token} for each in given), *rivals]
        exam.draw.shuffle(entrants)
        call = scene.run("first_success", entrants)
        scene.play()
        scene.expect_returned(call, value, "One of them had succeeded before the call.")
        scene.expect_cancelled([loser for each in rivals for loser in each.calls], began)
        scene.expect_quiet()
        due = began + max(plan.cleanup for plan in plans)
        scene.expect_over(call, due, "One of them had succeeded before the call; the last cleanup was over then.")


@examine.task(2)
def exam_one_success_among_failures(exam: Exam) -> None:
    """first_success: of many that end at the same moment, the one that succeeds wins."""
    for _ in range(3):
        with exam.scene() as scene:
            count, when, value = exam.draw.randint(12, 32), exam.seconds(1, 4), exam.mint()
            plans = [Plan(when, error=exam.error()) for _ in range(count)]
            plans[exam.draw.randrange(count)] = Plan(when, value)
            plans.append(Plan(when + 8, exam.mint()))
            given = children(exam, scene, plans, "coroutine", "task")
            call = start(exam, scene, "first_success", given)
            scene.play()
            scene.expect_over(call)
            calls_of(scene, given, "It is a race.")
            scene.expect_returned(call, value)
            scene.expect_over(call, when)


@examine.task(2)
def exam_all_fail(exam: Exam) -> None:
    """first_success: when all fail, an ExceptionGroup of their exceptions in the order given; of one, too."""
    for count in (exam.draw.randint(4, 9), 1):
        with exam.scene() as scene:
            errors = [exam.error() for _ in range(count)]
            if count > 1:
                place = exam.draw.randrange(count)
                errors[place] = {"group": ["ExceptionGroup", [exam.error(), exam.error()], exam.mint()]}
            seconds = exam.times(count)
            given = children(exam, scene, [Plan(t, error=e) for t, e in zip(seconds, errors, strict=True)])
            call = start(exam, scene, "first_success", given)
            scene.play()
            scene.expect_over(call)
            calls_of(scene, given, "It is a race.")
            scene.expect_group(call, "ExceptionGroup", errors)
            scene.expect_over(call, max(seconds))


@examine.task(2)
def exam_none_given(exam: Exam) -> None:
    """first_success: none given is a ValueError, and one that is given wins."""
    for count, as_list in exam.draw.sample([(0, True), (0, False), (1, True), (1, False)], k=4):
        with exam.scene() as scene:
            value = exam.mint()
            given = children(exam, scene, [Plan(exam.seconds(), value)] * count)
            call = scene.run("first_success", given if as_list else {"iterator": list(given)})
            scene.play()
            if count:
                scene.expect_returned(call, value)
            else:
                scene.expect_raised(call, "ValueError")


@examine.task(3)
def exam_cancelled_child(exam: Exam) -> None:
    """Both: a child that somebody else cancels has failed, and is no end to anything."""
    for name in BOTH:
        with exam.scene() as scene:
            plans = [Plan(seconds, exam.mint()) for seconds in exam.times(exam.draw.randint(4, 8), 4, 16)]
            victim = exam.draw.randrange(len(plans))
            given = children(exam, scene, plans, "task")
            call = start(exam, scene, name, given)
            scene.play(until=exam.seconds(1, 3))
            scene.cancel(given[victim])
            scene.play()
            scene.expect_over(call)
            calls = calls_of(scene, given, "All of them are to run together.")
            scene.expect(calls[victim].cancels == 1, "The child that was cancelled went on.")
            if name == "first_success":
                first = min((plan for plan in plans if plan is not plans[victim]), key=lambda plan: plan.seconds or 0)
                scene.expect_returned(call, first.value)
                continue
            expected = [{"tuple": ["ok", plan.value]} for plan in plans]
            expected[victim] = {"tuple": ["err", {"error": ["CancelledError", ""]}]}
            scene.expect_returned(call, expected)
    with exam.scene() as scene:
        errors = [exam.error() for _ in range(exam.draw.randint(2, 5))]
        plans = [Plan(seconds, error=e) for seconds, e in zip(exam.times(len(errors), 4, 16), errors, strict=True)]
        victim = exam.draw.randrange(len(plans))
        given = children(exam, scene, plans, "task")
        call = start(exam, scene, "first_success", given)
        scene.play(until=exam.seconds(1, 3))
        scene.cancel(given[victim])
        scene.play()
        errors[victim] = "CancelledError"
        scene.expect_group(call, "BaseExceptionGroup", errors)


@examine.task(3)
def exam_cancelled_caller(exam: Exam) -> None:
    """Both: cancelling the caller cancels each child once, and waits for their cleanup."""
    for name in BOTH:
        with exam.scene() as scene:
            plans = cleanups(exam, exam.times(exam.draw.randint(3, 7), 8, 16))
            given = children(exam, scene, plans)
            call = start(exam, scene, name, given)
            when = exam.seconds(1, 4)
            scene.play(until=when)
            scene.cancel(call)
            scene.play()
            scene.expect_over(call)
            scene.expect_cancelled(calls_of(scene, given, "All of them are to run together."), when)
            scene.expect_quiet()
            scene.expect_raised(call, "CancelledError")
            scene.expect_over(call, when + max(plan.cleanup for plan in plans), "The last cleanup was over then.")
        # And as soon as the function waits for the first time.
        with exam.scene() as scene:
            given = children(exam, scene, cleanups(exam, exam.times(exam.draw.randint(3, 7), 8, 16)), "task")
            call = start(exam, scene, name, given)
            scene.cancel(call, turns=1)
            scene.play()
            scene.expect_over(call)
            scene.expect_quiet()
            scene.expect_raised(call, "CancelledError")
    # And when the race is decided, while the losers clean up.
    with exam.scene() as scene:
        plans = [*cleanups(exam, exam.times(exam.draw.randint(3, 7), 8, 16)), Plan(4.0, exam.mint())]
        exam.draw.shuffle(plans)
        call = start(exam, scene, "first_success", children(exam, scene, plans))
        scene.play(until=4.0 + min(plan.cleanup for plan in plans if plan.cleanup) / 2)
        scene.cancel(call)
        scene.play()
        scene.expect_over(call)
        scene.expect_quiet()
