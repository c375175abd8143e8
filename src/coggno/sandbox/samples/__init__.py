"""Invented people, departments, courses and progress, for a sandbox that looks like a real account. Pure and seeded."""

from __future__ import annotations

from .people import SamplePerson, sample_people
from .training import SampleCourse, SampleProgress, completion_rates
from .words import COURSES, DEPARTMENTS, numbered

__all__ = [
    "COURSES",
    "DEPARTMENTS",
    "SampleCourse",
    "SamplePerson",
    "SampleProgress",
    "completion_rates",
    "numbered",
    "sample_people",
]
