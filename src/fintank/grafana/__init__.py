"""Grafana: the dashboards and alert rules as data, and starting a Grafana that shows them."""
