/// Called now and then by the thread that waits for files of a data set, with how many of how many are read; says whether to stop.
package typealias ReadingWatch = (_ done: Int, _ total: Int) -> Bool
