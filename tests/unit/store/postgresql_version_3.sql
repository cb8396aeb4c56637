CREATE TABLE attempt (
	digest BYTEA NOT NULL, 
	count INTEGER NOT NULL, 
	begun_at TEXT NOT NULL, 
	PRIMARY KEY (digest)
);
CREATE TABLE der_group (
	group_id BIGSERIAL NOT NULL, 
	mrid TEXT NOT NULL, 
	description TEXT, 
	functions TEXT, 
	names TEXT, 
	version TEXT, 
	PRIMARY KEY (group_id), 
	CONSTRAINT der_group_mrid_key EXCLUDE USING hash (mrid WITH =)
);
CREATE TABLE der_group_dispatch (
	dispatch_id BIGSERIAL NOT NULL, 
	mrid TEXT NOT NULL, 
	names TEXT, 
	group_mrid TEXT NOT NULL, 
	group_names TEXT, 
	parameter TEXT NOT NULL, 
	received_at TEXT NOT NULL, 
	state TEXT NOT NULL, 
	source TEXT NOT NULL, 
	PRIMARY KEY (dispatch_id), 
	CONSTRAINT der_group_dispatch_mrid_key EXCLUDE USING hash (mrid WITH =)
);
CREATE TABLE dermsbus_store (
	version INTEGER NOT NULL
);
CREATE TABLE device_setting (
	mrid TEXT NOT NULL, 
	function TEXT NOT NULL, 
	value FLOAT(53) NOT NULL, 
	ends_at TEXT NOT NULL, 
	command_id TEXT NOT NULL, 
	dispatch_mrid TEXT NOT NULL, 
	given_at TEXT NOT NULL, 
	PRIMARY KEY (mrid, function)
);
CREATE TABLE inbox (
	source TEXT NOT NULL, 
	message_id TEXT NOT NULL, 
	digest BYTEA NOT NULL, 
	received_at TEXT NOT NULL, 
	transport_id TEXT, 
	failed BOOLEAN DEFAULT false NOT NULL, 
	PRIMARY KEY (source, message_id)
);
CREATE INDEX inbox_by_age ON inbox (received_at);
CREATE TABLE nonce (
	nonce BYTEA NOT NULL, 
	digest BYTEA NOT NULL, 
	forget_at TEXT NOT NULL, 
	PRIMARY KEY (nonce)
);
CREATE INDEX nonce_by_age ON nonce (forget_at);
CREATE TABLE outbox (
	entry_id BIGSERIAL NOT NULL, 
	cause_source TEXT, 
	cause_message_id TEXT, 
	is_reply BOOLEAN NOT NULL, 
	superseded BOOLEAN NOT NULL, 
	state TEXT NOT NULL, 
	attempts INTEGER NOT NULL, 
	sent_at TEXT, 
	destination_kind TEXT NOT NULL, 
	destination TEXT NOT NULL, 
	body BYTEA NOT NULL, 
	message_id TEXT NOT NULL, 
	correlation_id TEXT, 
	reply_to TEXT, 
	kind TEXT, 
	source TEXT, 
	properties TEXT NOT NULL, 
	persistent BOOLEAN NOT NULL, 
	time_to_live_s FLOAT(53), 
	order_key TEXT, 
	PRIMARY KEY (entry_id)
);
CREATE INDEX outbox_by_age ON outbox (sent_at);
CREATE INDEX outbox_by_cause ON outbox (cause_source, cause_message_id);
CREATE INDEX outbox_pending ON outbox (entry_id) WHERE outbox.state = 'pending';
CREATE TABLE switch_order (
	switch_id BIGSERIAL NOT NULL, 
	order_id TEXT NOT NULL, 
	device_mrid TEXT, 
	device_names TEXT, 
	kind TEXT NOT NULL, 
	starts_at TEXT NOT NULL, 
	ends_at TEXT, 
	is_return BOOLEAN NOT NULL, 
	received_at TEXT NOT NULL, 
	state TEXT NOT NULL, 
	control_mrid TEXT, 
	device_type INTEGER NOT NULL, 
	issuer_id TEXT, 
	issuer_tracking_id TEXT, 
	correlation_id TEXT, 
	PRIMARY KEY (switch_id), 
	UNIQUE (order_id)
);
CREATE TABLE der_group_dispatch_curves (
	dispatch_id BIGINT NOT NULL, 
	curves TEXT NOT NULL, 
	PRIMARY KEY (dispatch_id), 
	FOREIGN KEY(dispatch_id) REFERENCES der_group_dispatch (dispatch_id) ON DELETE CASCADE
);
CREATE TABLE der_group_member (
	group_id BIGINT NOT NULL, 
	position INTEGER NOT NULL, 
	mrid TEXT, 
	names TEXT, 
	PRIMARY KEY (group_id, position), 
	FOREIGN KEY(group_id) REFERENCES der_group (group_id) ON DELETE CASCADE
);
CREATE INDEX der_group_member_by_mrid ON der_group_member USING hash (mrid);
CREATE TABLE dermsbus_claim (
	epoch BIGINT NOT NULL, 
	commits BIGINT NOT NULL, 
	holder TEXT NOT NULL, 
	since TEXT NOT NULL
);
INSERT INTO dermsbus_store VALUES (3);
INSERT INTO dermsbus_claim VALUES (0, 0, '', '');
