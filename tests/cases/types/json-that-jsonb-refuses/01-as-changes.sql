INSERT INTO edges VALUES (101, '"\udc00\ud800"'), (102, '["\u0000"]'), (103, '{"\ud800": 1}'), (104, '"\\u0000 \ud834\udd1e"');
UPDATE edges SET v = '{"b": 2}' WHERE id = 1;
