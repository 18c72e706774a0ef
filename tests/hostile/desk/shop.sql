CREATE TABLE stock (part TEXT PRIMARY KEY, n INTEGER NOT NULL CHECK (n >= 0));
CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT);
INSERT INTO stock VALUES ('chain', 4), ('brake', 2), ('crank', 0);
