UPDATE events SET title = title || ', late';
INSERT INTO concerts VALUES (3, 'another', 'Ink');
INSERT INTO events VALUES (4, 'not a concert');
