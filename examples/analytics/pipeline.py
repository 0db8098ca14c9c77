"""The pipeline: which functions are steps, and what each may cost.

    extract_orders    ─┬─▶ transform_customer_metrics ─┐
    extract_users     ─┤                               ├─▶ generate_insights
    extract_products  ─┴─▶ transform_product_metrics  ─┘          │
                                                                  ▼
                             send_notifications ◀── update_dashboard

Nothing here says how they depend on each other: their parameters do.
"""

from examples.analytics.extract import extract_orders, extract_products, extract_users
from examples.analytics.publish import generate_insights, send_notifications, update_dashboard
from examples.analytics.transform import transform_customer_metrics, transform_product_metrics
from tasker import define

SCHEMA = {
    "type": "object",
    "required": ["date_range", "data_dir", "output_dir"],
    "properties": {
        "date_range": {
            "type": "object",
            "required": ["start_date", "end_date"],
            "properties": {"start_date": {"type": "string"}, "end_date": {"type": "string"}},
        },
        "data_dir": {"type": "string"},
        "output_dir": {"type": "string"},
        "notification_channels": {
            "type": "array",
            "items": {"type": "string"},
            "minItems": 1,
            "default": ["#data-team"],
        },
        "quality_thresholds": {
            "type": "object",
            "default": {},
            "properties": {
                "min_customer_records": {"type": "integer", "default": 100},
                "min_order_records": {"type": "integer", "default": 50},
                "max_null_percentage": {"type": "number", "default": 0.05},
            },
        },
    },
}

customer_analytics = define(
    "customer_analytics",
    namespace="data_pipelines",
    version="1.0.0",
    description="From a year of orders to a dashboard",
    schema=SCHEMA,
)

step = customer_analytics.step

step(timeout_seconds=1800)(extract_orders)
step(timeout_seconds=1200, retry_limit=5)(extract_users)
step(timeout_seconds=900)(extract_products)
step(timeout_seconds=2700, retry_limit=2, executor="process")(transform_customer_metrics)
step(timeout_seconds=1800, retry_limit=2)(transform_product_metrics)
step(timeout_seconds=1200)(generate_insights)
step(update_dashboard)
step(retry_limit=5)(send_notifications)
