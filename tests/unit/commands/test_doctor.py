import socket
import subprocess
import sys
from pathlib import Path

from support import free_ports


def test_doctor_exits_with_1_and_names_the_cure_when_a_port_is_taken(tmp_path: Path) -> None:
    first = free_ports.consecutive(3)
    environ = {
        "PATH": "/usr/bin:/bin",
        "FINTANK_HOME": str(tmp_path),
        "FINTANK_KAFKA": f"localhost:{first}",
        "FINTANK_INFLUX": f"localhost:{first + 2}",
    }
    program = Path(sys.executable).parent / "fintank"
    with socket.create_server(("127.0.0.1", first)):
        done = subprocess.run(
            [program, "doctor"], env=environ, capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith(f"port of kafka: {first} is in use by ")
