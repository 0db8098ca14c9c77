"""``tasker metrics``: the metrics by name, and what shows them and watches over them."""

from __future__ import annotations

import click

from tasker.cli.printing import print_json
from tasker.cli.settings import Settings, output_options, pass_settings


@click.command("metrics", short_help="Print metrics by name, a dashboard, or alert rules.")
@click.argument(
    "what", type=click.Choice(["names", "dashboard", "rules"]), default="names", required=False
)
@output_options
@pass_settings
def metrics_command(settings: Settings, what: str) -> None:
    """Print the names of the metrics, a dashboard for Grafana, or rules for alerts.

    `names` lists every metric with its kind and labels; `dashboard` is JSON to import
    into Grafana, `rules` a file for the rule_files of Prometheus.

    \b
    Examples:
      tasker metrics
      tasker metrics dashboard > tasker.json
      tasker metrics rules > tasker-rules.yml
    """
    from tasker.telemetry.metrics import shipped
    from tasker.telemetry.metrics.catalog import INSTRUMENTS

    if what != "names":
        click.echo(shipped.dashboard() if what == "dashboard" else shipped.rules(), nl=False)
    elif settings.json:
        print_json([*INSTRUMENTS])
    else:
        for each in INSTRUMENTS:
            labels = f"{{{', '.join(each.labels)}}}" if each.labels else ""
            click.echo(f"{each.name}{labels}  {each.kind}: {each.help}")
