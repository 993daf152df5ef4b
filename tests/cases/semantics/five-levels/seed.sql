INSERT INTO regions VALUES (1, 'north'), (2, 'south');
INSERT INTO shops VALUES (1, 1), (2, 2);
INSERT INTO orders VALUES (1, 1), (2, 2);
INSERT INTO lines VALUES (1, 1), (2, 1), (3, 2);
INSERT INTO serials VALUES (1, 1, 's1'), (2, 2, 's2'), (3, 3, 's3');
