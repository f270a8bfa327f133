CREATE TABLE alarm (
	name VARCHAR NOT NULL, 
	since DATETIME NOT NULL, 
	detail TEXT NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
CREATE TABLE attempt (
	source VARCHAR NOT NULL, 
	failures INTEGER NOT NULL, 
	last DATETIME NOT NULL, 
	not_before DATETIME NOT NULL, 
	PRIMARY KEY (source)
);
CREATE TABLE call (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	"plan" VARCHAR NOT NULL, 
	period VARCHAR NOT NULL, 
	unit VARCHAR NOT NULL, 
	clerk TEXT NOT NULL, 
	who TEXT NOT NULL, 
	message TEXT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE INDEX call_unit ON call ("plan", unit, at);
CREATE TABLE draft (
	id INTEGER NOT NULL, 
	person VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	base INTEGER NOT NULL, 
	created DATETIME NOT NULL, 
	updated DATETIME NOT NULL, 
	author TEXT NOT NULL, 
	note TEXT NOT NULL, 
	tell VARCHAR NOT NULL, 
	edits TEXT NOT NULL, 
	answer TEXT NOT NULL, 
	answered_by TEXT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE event (
	feed VARCHAR NOT NULL, 
	uid VARCHAR NOT NULL, 
	position INTEGER NOT NULL, 
	entry TEXT NOT NULL, 
	content_hash VARCHAR NOT NULL, 
	sequence INTEGER NOT NULL, 
	last_modified DATETIME NOT NULL, 
	cancelled_at DATETIME, 
	PRIMARY KEY (feed, uid)
);
CREATE INDEX event_cancelled ON event (cancelled_at);
CREATE TABLE feed (
	name VARCHAR NOT NULL, 
	input_hash VARCHAR NOT NULL, 
	changed DATETIME NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE history (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	subject VARCHAR NOT NULL, 
	address VARCHAR, 
	state VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	detail TEXT NOT NULL, 
	who TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (id)
);
CREATE INDEX history_subject ON history (subject);
CREATE TABLE lease (
	name VARCHAR NOT NULL, 
	replica VARCHAR NOT NULL, 
	until DATETIME NOT NULL, 
	config_hash VARCHAR NOT NULL, 
	since DATETIME NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE link (
	purpose VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	generation INTEGER NOT NULL, 
	revoked BOOLEAN NOT NULL, 
	last_use DATETIME, 
	label TEXT DEFAULT '' NOT NULL, 
	created DATETIME, 
	PRIMARY KEY (purpose, subject)
);
CREATE TABLE meeting_date (
	"plan" VARCHAR NOT NULL, 
	meeting VARCHAR NOT NULL, 
	day VARCHAR NOT NULL, 
	recorded DATETIME NOT NULL, 
	PRIMARY KEY ("plan", meeting)
);
CREATE TABLE message (
	notice VARCHAR NOT NULL, 
	content BLOB NOT NULL, 
	stored DATETIME NOT NULL, 
	PRIMARY KEY (notice), 
	FOREIGN KEY(notice) REFERENCES notice ("key")
);
CREATE INDEX message_stored ON message (stored);
CREATE TABLE notice (
	"key" VARCHAR NOT NULL, 
	"plan" VARCHAR DEFAULT '' NOT NULL, 
	kind VARCHAR NOT NULL, 
	period VARCHAR NOT NULL, 
	unit VARCHAR NOT NULL, 
	due DATETIME NOT NULL, 
	useful_until DATETIME NOT NULL, 
	state VARCHAR, 
	reason VARCHAR NOT NULL, 
	stream VARCHAR NOT NULL, 
	rehearsal BOOLEAN NOT NULL, 
	message_id VARCHAR, 
	as_of DATETIME, 
	sha256 VARCHAR, 
	publication INTEGER, 
	approved VARCHAR, 
	attempts INTEGER NOT NULL, 
	created DATETIME NOT NULL, 
	updated DATETIME NOT NULL, 
	PRIMARY KEY ("key")
);
CREATE INDEX notice_created ON notice (created, "key");
CREATE INDEX notice_period ON notice ("plan", kind, period);
CREATE INDEX notice_state ON notice (state);
CREATE INDEX notice_unit ON notice (unit, created);
CREATE TABLE occasion (
	"key" VARCHAR NOT NULL, 
	"plan" VARCHAR DEFAULT '' NOT NULL, 
	kind VARCHAR NOT NULL, 
	period VARCHAR NOT NULL, 
	due DATETIME NOT NULL, 
	planned_at DATETIME NOT NULL, 
	interim_at DATETIME, 
	reported_at DATETIME, 
	input_hash VARCHAR, 
	PRIMARY KEY ("key")
);
CREATE TABLE person (
	name VARCHAR NOT NULL, 
	full_name TEXT NOT NULL, 
	role VARCHAR NOT NULL, 
	password VARCHAR NOT NULL, 
	totp VARCHAR NOT NULL, 
	totp_used INTEGER NOT NULL, 
	subject VARCHAR NOT NULL, 
	disabled BOOLEAN NOT NULL, 
	created DATETIME NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE publication (
	number INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	origin VARCHAR NOT NULL, 
	author TEXT NOT NULL, 
	approver TEXT NOT NULL, 
	note TEXT NOT NULL, 
	tell VARCHAR NOT NULL, 
	told DATETIME, 
	PRIMARY KEY (number)
);
CREATE TABLE recipient (
	id INTEGER NOT NULL, 
	notice VARCHAR NOT NULL, 
	address VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	reply TEXT NOT NULL, 
	attempts INTEGER NOT NULL, 
	not_before DATETIME NOT NULL, 
	claim VARCHAR, 
	updated DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (notice, address), 
	FOREIGN KEY(notice) REFERENCES notice ("key")
);
CREATE INDEX recipient_ready ON recipient (state, not_before);
CREATE TABLE registration (
	id INTEGER NOT NULL, 
	"plan" VARCHAR DEFAULT '' NOT NULL, 
	at DATETIME NOT NULL, 
	act VARCHAR NOT NULL, 
	unit VARCHAR NOT NULL, 
	period VARCHAR NOT NULL, 
	task VARCHAR NOT NULL, 
	done_on VARCHAR NOT NULL, 
	percent INTEGER, 
	message TEXT NOT NULL, 
	who TEXT NOT NULL, 
	link VARCHAR NOT NULL, 
	channel VARCHAR DEFAULT '' NOT NULL, 
	clerk TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (id)
);
CREATE INDEX registration_act ON registration ("plan", act, period, unit);
CREATE INDEX registration_task ON registration (task, unit);
CREATE INDEX registration_unit ON registration (unit, at);
CREATE TABLE reminded (
	"key" VARCHAR NOT NULL, 
	task VARCHAR NOT NULL, 
	"plan" VARCHAR DEFAULT '' NOT NULL, 
	kind VARCHAR NOT NULL, 
	unit VARCHAR NOT NULL, 
	due VARCHAR NOT NULL, 
	step INTEGER NOT NULL, 
	PRIMARY KEY ("key", task)
);
CREATE INDEX reminded_step ON reminded ("plan", task, due, step);
CREATE TABLE server_trouble (
	replica VARCHAR DEFAULT '' NOT NULL, 
	server VARCHAR NOT NULL, 
	failures INTEGER NOT NULL, 
	since DATETIME NOT NULL, 
	not_before DATETIME NOT NULL, 
	detail TEXT NOT NULL, 
	reason VARCHAR DEFAULT 'server' NOT NULL, 
	PRIMARY KEY (replica)
);
CREATE TABLE session (
	name VARCHAR NOT NULL, 
	begun DATETIME NOT NULL, 
	seen DATETIME NOT NULL, 
	person VARCHAR DEFAULT '' NOT NULL, 
	agent TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE setting (
	name VARCHAR NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE start (
	stream VARCHAR NOT NULL, 
	"plan" VARCHAR NOT NULL, 
	year INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	held BOOLEAN NOT NULL, 
	PRIMARY KEY (stream, "plan", year)
);
CREATE TABLE task_done (
	"plan" VARCHAR NOT NULL, 
	task VARCHAR NOT NULL, 
	period VARCHAR NOT NULL, 
	done_on VARCHAR NOT NULL, 
	note TEXT NOT NULL, 
	recorded DATETIME NOT NULL, 
	PRIMARY KEY ("plan", task, period)
);
CREATE TABLE ticket (
	name VARCHAR NOT NULL, 
	person VARCHAR NOT NULL, 
	until DATETIME NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE version (
	publication INTEGER NOT NULL, 
	document VARCHAR NOT NULL, 
	sha256 VARCHAR NOT NULL, 
	content BLOB, 
	PRIMARY KEY (publication, document), 
	FOREIGN KEY(publication) REFERENCES publication (number)
);
