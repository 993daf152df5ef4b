WITH gone AS (DELETE FROM lines WHERE order_id = 2 RETURNING amount),
     made AS (INSERT INTO orders (id, title) VALUES (5, 'five') RETURNING id)
UPDATE orders SET title = title || (SELECT sum(amount) FROM gone) WHERE id = 3;
