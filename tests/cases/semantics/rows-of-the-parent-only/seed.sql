INSERT INTO venues VALUES (1, 'Hall');
INSERT INTO events VALUES (1, 1, 'a fair'), (2, 1, 'a talk');
INSERT INTO concerts VALUES (1, 1, 'with one id', DEFAULT, 'Trio'), (3, 1, 'a concert', DEFAULT, 'Duo');
INSERT INTO "Open air" VALUES (4, 1, 'outside', DEFAULT, 'Choir');
