INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, jsonb_build_object('long', repeat('x', 40000))),
  (2, jsonb_build_object('a', repeat('€', 4097), 'short', 1)),
  (3, (repeat('{"a":', 400) || '1' || repeat('}', 400))::jsonb),
  (4, NULL);
