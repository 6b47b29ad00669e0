"""Write the generated files of dashboards/: .venv/bin/python scripts/dashboards.py"""

from fintank.grafana.files import generated

for path, text in generated().items():
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
