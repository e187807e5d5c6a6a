"""Kata 06, examined from outside."""

from typing import Any

from asyncio_katas.examine import exam as examine
from asyncio_katas.examine.exam import Call, Exam, Plan, Scene, Service


def urls_of(exam: Exam, number: int) -> list[str]:
    """Return so many urls."""
    return [f"https://{exam.mint()}/" for _ in range(number)]


def site(exam: Exam, scene: Scene, number: int, **plan: Any) -> tuple[Service, list[Plan]]:
    """Return a fetch that serves its n-th call by the n-th of these plans, whatever it is called with."""
    plans = [Plan(seconds, exam.mint(), **plan) for seconds in exam.times(number)]
    return scene.service(lambda call: plans[len(call.service.calls) - 1], exam.form()), plans


def values_by_url(exam: Exam, scene: Scene, urls: list[str]) -> tuple[Service, list[Any]]:
    """Return a fetch whose values depend on the url and on how often it was asked for, some None, some false."""
    given: dict[str, list[Any]] = {url: [] for url in urls}
    special = [None, 0, "", False]
    seconds = iter(exam.times(len(urls)))

    def plan(call: Call) -> Plan:
        (url,) = call.args
        value = special.pop(0) if special and exam.draw.random() < 0.5 else exam.mint()
        if len(call.service.calls) == len(urls) and None in special:
            value = None
        given[url].append(value)
        return Plan(next(seconds), value)

    service = scene.service(plan, exam.form())

    def expected(returned: Any) -> list[Any]:
        """Return what is right; of a url that occurs again, either place may have been fetched first."""
        right: list[Any] = [None] * len(urls)
        for url, values in given.items():
            places = [place for place, other in enumerate(urls) if other == url]
            if isinstance(returned, list) and len(returned) == len(urls):
                theirs = [returned[place] for place in places]
                values = theirs if sorted(map(repr, theirs)) == sorted(map(repr, values)) else values
            for place, value in zip(places, values, strict=False):
                right[place] = value
        return right

    return service, expected  # type: ignore[return-value]


def expect_each_fetched(scene: Scene, fetch: Service, urls: list[str]) -> None:
    """Expect each url to have been asked for as often as it was given."""
    asked = [call.args[0] for call in fetch.calls]
    scene.expect(
        sorted(asked) == sorted(urls),
        "{given} urls were given, and {asked} fetches were made, of {different} of them.",
        given=len(urls),
        asked=len(asked),
        different=len(set(asked) & set(urls)),
    )


@examine.task(1)
def exam_all_at_once(exam: Exam) -> None:
    """fetch_all: every request is in flight before the first one ends, and the call ends with the last one."""
    with exam.scene() as scene:
        urls = urls_of(exam, exam.draw.randint(12, 40))
        fetch, plans = site(exam, scene, len(urls))
        call = scene.run("fetch_all", {"iterator": list(urls)}, fetch)
        scene.play()
        scene.expect_over(call)
        scene.expect(
            fetch.starts == [0.0] * len(urls),
            "{count} urls were given, but at most {peak} requests were in flight.",
            count=len(urls),
            peak=fetch.peak,
        )
        expect_each_fetched(scene, fetch, urls)
        scene.expect_over(call, max(plan.seconds or 0.0 for plan in plans))


@examine.task(1)
def exam_all_in_order(exam: Exam) -> None:
    """fetch_all: what the requests gave, in the order of the urls; a url that occurs again is fetched again."""
    with exam.scene() as scene:
        urls = urls_of(exam, exam.draw.randint(5, 9))
        urls += exam.draw.choices(urls, k=3)
        exam.draw.shuffle(urls)
        fetch, expected = values_by_url(exam, scene, urls)
        call = scene.run("fetch_all", list(urls), fetch)
        scene.play()
        scene.expect_over(call)
        expect_each_fetched(scene, fetch, urls)
        scene.expect_returned(call, expected(call.value))  # type: ignore[operator]


@examine.task(2)
def exam_limit_is_kept_and_used(exam: Exam) -> None:
    """fetch_limited: whenever the loop rests, as many requests are in flight as the limit and the urls left allow."""
    for number, ties in ((exam.draw.randint(12, 30), False), (12, True)):
        with exam.scene() as scene:
            limit = exam.draw.randint(2, 6)
            urls = urls_of(exam, number)
            fetch, plans = site(exam, scene, number)
            if ties:
                plans[:] = [Plan(4.0, exam.mint()) for _ in urls]
            found: list[tuple[float, int, int]] = []
            ended_at: list[float] = []

            def look() -> None:
                over = sum(1 for call in fetch.calls if not call.is_open)
                found.append((scene.now, len(fetch.in_flight), min(limit, number - over)))
                ended_at.append(scene.now)

            scene.after_turn = look
            call = scene.run("fetch_limited", {"iterator": list(urls)}, fetch, limit=limit)
            scene.play()
            scene.expect_over(call)
            scene.expect(
                fetch.peak <= limit, "limit={limit}, but {peak} requests were in flight.", limit=limit, peak=fetch.peak
            )
            for moment, flying, due in found:
                scene.expect(
                    flying == due,
                    "limit={limit}: at t={t} {flying} requests were in flight, where {due} could have been.",
                    limit=limit,
                    t=moment,
                    flying=flying,
                    due=due,
                )
            expect_each_fetched(scene, fetch, urls)
            scene.expect_over(call, max(each.end or 0.0 for each in fetch.calls))
    with exam.scene() as scene:
        limit = exam.draw.randint(2, 6)
        both = [site(exam, scene, 2 * limit)[0] for _ in range(2)]
        calls = [scene.run("fetch_limited", urls_of(exam, 2 * limit), fetch, limit=limit) for fetch in both]
        scene.play()
        for fetch, call in zip(both, calls, strict=True):
            scene.expect_over(call)
            starts = [each.start for each in fetch.calls[:limit]]
            scene.expect(
                starts == [0.0] * limit and fetch.peak == limit,
                "Two calls at the same time, each with limit={limit}: the first requests of one began at t={starts}, "
                "and at most {peak} were in flight.",
                limit=limit,
                starts=starts,
                peak=fetch.peak,
            )


@examine.task(2)
def exam_limited_in_order(exam: Exam) -> None:
    """fetch_limited: what the requests gave in the order of the urls, each url as often as given; [] for none."""
    for count, kind in ((exam.draw.randint(6, 12), "iterator"), (0, "iterator"), (exam.draw.randint(3, 6), "tuple")):
        with exam.scene() as scene:
            urls = urls_of(exam, count)
            urls += exam.draw.choices(urls, k=3) if urls else []
            exam.draw.shuffle(urls)
            fetch, expected = values_by_url(exam, scene, urls)
            call = scene.run("fetch_limited", {kind: list(urls)}, fetch, limit=exam.draw.randint(1, 5))
            scene.play()
            scene.expect_over(call)
            expect_each_fetched(scene, fetch, urls)
            scene.expect_returned(call, expected(call.value))  # type: ignore[operator]


@examine.task(3)
def exam_first_failure(exam: Exam) -> None:
    """fetch_limited: the first failure cancels the rest once, starts nothing more, waits for the cleanup and leaves."""
    for late in exam.draw.sample([True, False], k=2):
        with exam.scene() as scene:
            limit = exam.draw.randint(3, 6)
            place, when = exam.draw.randrange(1, limit) if late else 0, exam.seconds(2, 4)
            error = exam.error()
            cleanups = exam.times(limit, 1, 4)

            def plan(call: Call) -> Plan:
                number = len(call.service.calls) - 1
                if number == place:
                    return Plan(when, error=error)
                return Plan(exam.seconds(8, 16), exam.mint(), cleanup=cleanups[number] if number < limit else 0.0)

            fetch = scene.service(plan, exam.form())
            call = scene.run("fetch_limited", urls_of(exam, 4 * limit), fetch, limit=limit)
            scene.play()
            judge_the_end(scene, call, fetch, limit, when)
            scene.expect_raised(call, error)
            due = when + max(seconds for number, seconds in enumerate(cleanups) if number != place)
            scene.expect_over(call, due, "The last cleanup was over then.")


def judge_the_end(scene: Scene, call: examine.Run, fetch: Service, limit: int, when: float) -> None:
    """Expect that nothing was started after `when`, and that all in flight then were cancelled and waited for."""
    scene.expect_over(call)
    scene.expect(
        len(fetch.calls) >= limit, "limit={limit}, but only {n} requests were made.", limit=limit, n=len(fetch.calls)
    )
    late = [each for each in fetch.calls[limit:] if each.start > when]
    scene.expect(not late, "All was over at t={t}, and {n} more requests were made.", t=when, n=len(late))
    woken = fetch.calls[limit:]
    scene.expect(
        len(woken) <= limit, "All was over at t={t}, and {n} more requests were made then.", t=when, n=len(woken)
    )
    scene.expect_cancelled([each for each in fetch.calls[:limit] if (each.end or when + 1) > when], when)
    scene.expect_quiet()


@examine.task(3)
def exam_many_failures(exam: Exam) -> None:
    """fetch_limited: however many fail at once, and whatever they raise, one of their exceptions leaves at once."""
    for kind in exam.draw.sample(["QueueEmpty", "IndexError", "group", "any"], k=4):
        with exam.scene() as scene:
            limit, when = exam.draw.randint(2, 5), exam.seconds()
            errors: list[Any] = []

            def plan(_: Call) -> Plan:
                kinds = ("LookupError", "OSError", "TimeoutError", "IndexError")
                error = exam.error(*([kind] if kind in {"QueueEmpty", "IndexError"} else kinds))
                if kind == "group":
                    error = {"group": ["ExceptionGroup", [error], exam.mint()]}
                errors.append(error)
                return Plan(when, error=error)

            fetch = scene.service(plan, exam.form())
            call = scene.run("fetch_limited", urls_of(exam, 3 * limit), fetch, limit=limit)
            scene.play()
            scene.expect_over(call, when)
            scene.expect(
                fetch.peak == limit,
                "limit={limit}, and {peak} requests were in flight.",
                limit=limit,
                peak=fetch.peak,
            )
            seen = [named(error) for error in errors]
            scene.expect(
                call.how == "raised" and call.value in seen,
                "Every request failed, and fetch_limited {how} {value}, which is none of their exceptions.",
                how=call.how,
                value=call.value,
            )
            scene.expect_quiet()


def named(error: Any) -> Any:
    """Return an exception as a worker names it: types of asyncio's by their module."""
    if "group" in error:
        kind, members, text = error["group"]
        return {"group": [kind, [named(member) for member in members], text]}
    kind, text = error["error"]
    return {"error": ["asyncio.queues.QueueEmpty" if kind == "QueueEmpty" else kind, text]}


@examine.task(3)
def exam_cancelled_caller(exam: Exam) -> None:
    """fetch_limited: cancelling the caller cancels each running request once, and waits for its cleanup."""
    with exam.scene() as scene:
        limit, when = exam.draw.randint(2, 5), exam.seconds(1, 3)
        cleanups = exam.times(limit, 1, 4)

        def plan(call: Call) -> Plan:
            number = len(call.service.calls) - 1
            return Plan(exam.seconds(8, 16), exam.mint(), cleanup=cleanups[number] if number < limit else 0.0)

        fetch = scene.service(plan, exam.form())
        call = scene.run("fetch_limited", urls_of(exam, 3 * limit), fetch, limit=limit)
        scene.play(until=when)
        scene.cancel(call)
        scene.play()
        judge_the_end(scene, call, fetch, limit, when)
        scene.expect_raised(call, "CancelledError")
        scene.expect_over(call, when + max(cleanups), "The last cleanup was over then.")


@examine.task(3)
def exam_limit_below_one(exam: Exam) -> None:
    """fetch_limited: a limit below 1 is a ValueError before anything is fetched, also without urls, and 1 is none."""
    for limit, count in ((0, 3), (-exam.draw.randint(1, 9), 3), (1, 3), (-exam.draw.randint(0, 9), 0)):
        with exam.scene() as scene:
            urls = urls_of(exam, count)
            fetch, plans = site(exam, scene, 3)
            call = scene.run("fetch_limited", list(urls), fetch, limit=limit)
            scene.play()
            if limit == 1:
                values = {each.args[0]: plan.value for each, plan in zip(fetch.calls, plans, strict=False)}
                scene.expect_returned(call, [values.get(url) for url in urls])
                continue
            scene.expect(not fetch.calls, "limit={limit}, and {n} fetches were made.", limit=limit, n=len(fetch.calls))
            scene.expect_raised(call, "ValueError")
