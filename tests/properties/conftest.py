"""How many examples a property is tried with; `make soak` uses the profile soak."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "quick", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("soak", parent=settings.get_profile("quick"), max_examples=2_000)
settings.load_profile("quick")
