"""The account with which InfluxDB is asked, where it wants one."""

import os
from collections.abc import Mapping

import urllib3


def headers(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the HTTP headers of FINTANK_INFLUX_USER and FINTANK_INFLUX_PASSWORD; none without a user."""
    user = environ.get("FINTANK_INFLUX_USER")
    if not user:
        return {}
    return dict(urllib3.make_headers(basic_auth=f"{user}:{environ.get('FINTANK_INFLUX_PASSWORD', '')}"))
