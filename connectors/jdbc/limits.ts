/** Milliseconds; what a connection may wait for. Lambda ends a step after 15 minutes. */
export const connectTimeout = 10_000;
export const statementTimeout = 300_000;
export const lockTimeout = 30_000;
export const answerTimeout = statementTimeout + 30_000;

/** Rows of a page at most, and of a split's first, when nothing is known of their width. */
export const maxPageRows = 10_000;
export const firstPageRows = 500;
/** Bytes that a page aims at, and beyond which it ends early: rows can suddenly be wide. */
export const pageBytes = 8 * 1024 * 1024;
export const maxPageBytes = 32 * 1024 * 1024;

/** Bytes that are read at once from a connection without TLS. */
export const pieceBytes = 256 * 1024;

/** How our own sessions are named; they only read, so they hold back no window. */
export const readerName = 'tributary-reader';

/**
 * How far a window stays behind, milliseconds, where the user may not see when other users' transactions began: those
 * that last longer can lose rows.
 */
export const hiddenTransactionMargin = 300_000;
/** A prepared transaction shows when it was prepared, not when it began: it may be this much older. */
export const preparedTransactionMargin = 600_000;
/** How old InnoDB's list of transactions may be that several sessions read at the same time. */
export const snapshotMargin = 1000;
