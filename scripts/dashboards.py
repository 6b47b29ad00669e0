"""Write the files of dashboards/ that are made by code: .venv/bin/python scripts/dashboards.py"""

from fintank.grafana.files import made_files

for path, text in made_files().items():
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
