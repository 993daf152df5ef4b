INSERT INTO places VALUES ('a|b', 'c', 'first'), ('a', 'b|c', 'second'), ('a', '["c"]', 'third'), ('', '', 'empty');
INSERT INTO shops VALUES (1, 'a|b', 'c'), (2, 'a', NULL), (3, NULL, NULL), (4, '', '');
