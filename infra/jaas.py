"""How Kafka's servers and clients sign in, as Java's login modules are configured (JAAS). Pure.

Passwords contain neither quotes nor backslashes.
"""

USER = "rowtide"
"""Who signs in to Kafka and Connect."""
SCRAM = "SCRAM-SHA-512"
_LOGIN_MODULES = "org.apache.kafka.common.security"
_BASIC_AUTH = "org.apache.kafka.connect.rest.basic.auth.extension"


def scram(user: str, password: str) -> str:
    """A client's login by SCRAM."""
    return f'{_LOGIN_MODULES}.scram.ScramLoginModule required username="{user}" password="{password}";'


def plain(user: str, password: str) -> str:
    """A login by PLAIN, both for the server, which has no other user, and for its clients."""
    return (
        f'{_LOGIN_MODULES}.plain.PlainLoginModule required username="{user}" password="{password}"'
        f' user_{user}="{password}";'
    )


def connect_logins(protocol: str, mechanism: str, login: str) -> dict[str, str]:
    """The properties with which a Connect worker and its connectors sign in to Kafka."""
    names = {"security.protocol": protocol, "sasl.mechanism": mechanism, "sasl.jaas.config": login}
    clients = ("", "producer.", "consumer.", "admin.")
    return {f"{client}{name}": value for client in clients for name, value in names.items()}


def connect_login(users: str) -> str:
    """The file that makes Connect's REST API ask for a user and password of the properties file `users`."""
    return f'KafkaConnect {{\n  {_BASIC_AUTH}.PropertyFileLoginModule required file="{users}";\n}};\n'
