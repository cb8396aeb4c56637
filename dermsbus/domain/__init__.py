"""DER groups and the rules about them: values and pure logic, no XML, no input or output."""
