"""dermsbus: IEC 61968-5 DER groups in IEC 61968-100 messages over STOMP and AMQP."""

__version__ = "0.1.0"
