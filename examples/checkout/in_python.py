"""The checkout once more, defined in Python: the same definition as process_order.yaml."""

from __future__ import annotations

from pathlib import Path

import yaml

from examples.checkout.order import OrderProcess
from examples.checkout.steps.create_order import CreateOrder
from examples.checkout.steps.process_payment import ProcessPayment
from examples.checkout.steps.send_confirmation import SendConfirmation
from examples.checkout.steps.update_inventory import UpdateInventory
from examples.checkout.steps.validate_cart import ValidateCart
from tasker import define

SHOP = "http://127.0.0.1:8099"
SCHEMA = yaml.safe_load(Path(__file__).with_name("process_order.yaml").read_text())["schema"]

process_order = define(
    "process_order",
    namespace="ecommerce",
    version="1.0.0",
    description="Check out a cart",
    schema=SCHEMA,
    task_handler=OrderProcess,
    default_dependent_system="ecommerce_platform",
    annotation_types=["receipt"],
)

process_order.add_step(
    "validate_cart",
    ValidateCart,
    handler_config={"catalog": "${CATALOG_FILE:-examples/data/generated/products.csv}"},
)
process_order.add_step(
    "process_payment",
    ProcessPayment,
    depends_on="validate_cart",
    dependent_system="payments",
    retry_limit=5,
    handler_config={
        "type": "api",
        "url": f"${{PAYMENT_URL:-{SHOP}}}",
        "timeout": 2,
        "max_concurrent_requests": 10,
    },
)
process_order.add_step(
    "update_inventory",
    UpdateInventory,
    depends_on="process_payment",
    dependent_system="inventory",
    retry_limit=2,
    handler_config={"type": "api", "url": f"${{INVENTORY_URL:-{SHOP}}}"},
)
process_order.add_step(
    "create_order",
    CreateOrder,
    depends_on="update_inventory",
    handler_config={"type": "api", "url": f"${{ORDERS_URL:-{SHOP}}}"},
)
process_order.add_step(
    "send_confirmation",
    SendConfirmation,
    depends_on="create_order",
    dependent_system="mail",
    retry_limit=5,
    timeout_seconds=30,
    handler_config={"type": "api", "url": f"${{MAIL_URL:-{SHOP}}}"},
)
