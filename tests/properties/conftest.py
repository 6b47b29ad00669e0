"""How many examples a property is tried with: the same ones each time, and others by `make soak`."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "quick",
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("soak", parent=settings.get_profile("quick"), max_examples=2_000, derandomize=False)
settings.load_profile("quick")
