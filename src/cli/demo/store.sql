-- The embedded store of `idstore-proxy demo`: the user tables of Django 5.2 with django-allauth, as their migrations make
-- them on SQLite, and four invented people. Their passwords are printed at start.
CREATE TABLE auth_user (
    id integer NOT NULL PRIMARY KEY AUTOINCREMENT, password varchar(128) NOT NULL, last_login datetime NULL,
    is_superuser bool NOT NULL, username varchar(150) NOT NULL UNIQUE, last_name varchar(150) NOT NULL,
    email varchar(254) NOT NULL, is_staff bool NOT NULL, is_active bool NOT NULL, date_joined datetime NOT NULL,
    first_name varchar(150) NOT NULL
);
CREATE TABLE account_emailaddress (
    id integer NOT NULL PRIMARY KEY AUTOINCREMENT, verified bool NOT NULL, "primary" bool NOT NULL,
    user_id integer NOT NULL REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED, email varchar(254) NOT NULL
);
CREATE UNIQUE INDEX account_emailaddress_user_id_email_uniq ON account_emailaddress (user_id, email);
CREATE UNIQUE INDEX unique_verified_email ON account_emailaddress (email) WHERE verified;
CREATE UNIQUE INDEX unique_primary_email ON account_emailaddress (user_id, "primary") WHERE "primary";
CREATE TABLE account_emailconfirmation (
    id integer NOT NULL PRIMARY KEY AUTOINCREMENT, created datetime NOT NULL, sent datetime NULL,
    key varchar(64) NOT NULL UNIQUE,
    email_address_id integer NOT NULL REFERENCES account_emailaddress (id) DEFERRABLE INITIALLY DEFERRED
);

-- demo-Ann-1, as Django 5.2 stores it.
INSERT INTO auth_user VALUES (1, 'pbkdf2_sha256$1000000$DemoSaltAnnLee00000001$bnP8hQ6rXujkI5GIffPaSZPYVWIoRRs2f8hMvedQNQ0=',
    NULL, 0, 'ann', 'Lee', 'ann@example.test', 0, 1, '2019-03-01 09:00:00', 'Ann');
-- demo-Bob-1, as Django 4.1 stored it; his address is not proven.
INSERT INTO auth_user VALUES (2, 'pbkdf2_sha256$390000$DemoSaltBobMay00000002$18uGqhx2jZueT2RJDNvJvAoeNlMTh6mIxTqAev6LCT0=',
    NULL, 0, 'bob', 'May', 'bob@example.test', 0, 1, '2022-08-15 12:30:00', 'Bob');
-- demo-Ann-1 again, for somebody who was barred.
INSERT INTO auth_user VALUES (3, 'pbkdf2_sha256$1000000$DemoSaltAnnLee00000001$bnP8hQ6rXujkI5GIffPaSZPYVWIoRRs2f8hMvedQNQ0=',
    NULL, 0, 'carl', 'Orr', 'carl@example.test', 0, 0, '2020-01-20 08:15:00', 'Carl');
-- No password: this account signs in through somebody else.
INSERT INTO auth_user VALUES (4, '!vc9iU7g1ZV7p3O0ZbMQksi2dS370kUNQ8lUMHQex',
    NULL, 0, 'dora', 'Ash', 'dora@example.test', 0, 1, '2023-11-05 17:45:00', 'Dora');
INSERT INTO account_emailaddress (verified, "primary", user_id, email) VALUES
    (1, 1, 1, 'ann@example.test'), (0, 1, 2, 'bob@example.test'), (1, 1, 3, 'carl@example.test'),
    (1, 1, 4, 'dora@example.test');
