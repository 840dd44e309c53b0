export interface Row {
  number: number
  sign: string
  colour: string
  ink: string
  name: string
  without: string
  state: string
  mark: string
  size: string
  share: number
  title: string
}
export interface Rows {
  rows: Row[]
  chosen: number
}
