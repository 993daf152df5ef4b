UPDATE lines SET line_no = 7 WHERE order_code = 'C' AND line_no = 1;
UPDATE tags SET name = 'ancient' WHERE name = 'old';
