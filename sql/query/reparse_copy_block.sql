-- All columns, in the table's order.
COPY pg_temp.reparse_block FROM STDIN (FORMAT binary)
