ALTER TABLE orders ALTER amount TYPE int USING amount + 1;
