INSERT INTO events VALUES (1, 'a talk');
INSERT INTO concerts VALUES (2, 'a concert', 'The Pens');
