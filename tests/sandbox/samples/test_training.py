"""Invented progress."""

from collections import Counter

from coggno.sandbox.samples import SampleCourse, completion_rates
from coggno.sandbox.samples.training import TODAY


def progress(rate, *, number=0, count=2000, seed=0):
    course = SampleCourse(seed, number)
    return [course.progress(rate) for _ in range(count)]


def test_same_seed_gives_same_progress():
    assert progress(0.7) == progress(0.7)
    assert progress(0.7) != progress(0.7, seed=1)


def test_first_courses_are_for_nearly_everybody():
    held = [sum(each is not None for each in progress(0.7, number=number)) / 2000 for number in range(10)]
    assert min(held[:3]) > 0.95
    assert max(held[3:]) < 0.75


def test_rate_is_the_share_that_finishes():
    status = Counter(each.status for each in progress(0.7) if each)
    assert set(status) == {"not started", "in progress", "completed"}
    assert 0.65 < status["completed"] / status.total() < 0.75
    assert Counter(each.status for each in progress(1.0) if each)["not started"] == 0


def test_progress_is_consistent():
    for each in filter(None, progress(0.7)):
        dates = [each.created_at, each.start_date, each.complete_date]
        known = [day for day in dates if day is not None]
        assert known == sorted(known)
        assert known[-1] <= TODAY.isoformat()
        assert (each.start_date is None) == (each.status == "not started") == (each.used == 0)
        assert (each.complete_date is not None) == (each.status == "completed")
        assert each.passed == (each.score >= 80)
        assert 0 <= each.score <= 100


def test_some_fail_and_most_pass():
    results = Counter(each.passed for each in progress(0.9) if each and each.status == "completed")
    assert 0.1 < results[False] / results.total() < 0.3


def test_one_person_more_changes_nobody_else():
    assert progress(0.7, count=10) == progress(0.7, count=100)[:10]


def test_departments_differ():
    rates = completion_rates(7, 12)
    assert len(set(rates)) == 12
    assert all(0.45 <= rate < 0.95 for rate in rates)
