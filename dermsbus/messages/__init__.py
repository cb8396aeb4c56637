"""IEC 61968-100 messages: bytes on one side, values of the domain on the other.

Only this package knows XML: generated bindings, schemas, lxml and xsdata stop here.
"""
