-- All columns, in the table's order.
COPY pg_temp.reparse_report FROM STDIN (FORMAT binary)
