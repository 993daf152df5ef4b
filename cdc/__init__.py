"""The change stream: its contract (`log`), the source database (`source`) and Kafka Connect (`connectors`).

Imports go down in this order: connectors, source, control_keys, capture_selection and role_passwords, settings, errors,
log.
"""
