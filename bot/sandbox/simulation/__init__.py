"""A whole campaign in process, with every fault mixed by a seed, and the rules checked on the way."""

from bot.sandbox.simulation.course import Course, course
from bot.sandbox.simulation.run import Report, simulate

__all__ = ["Course", "Report", "course", "simulate"]
