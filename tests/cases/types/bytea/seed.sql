INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, decode(repeat('00ff10', 40), 'hex')),
  (2, ''),
  (3, '\x00'),
  (4, NULL);
