"""Grafana: the dashboards and alert rules as data, and running a Grafana that shows them."""
