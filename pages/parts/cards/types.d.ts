export interface Group {
  node: number
  number: number | string
  colour: string
  ink: string
  name: string
  facts: string
  words: string
  share: number | null
  pictures: string[]
}
export interface Data {
  groups: Group[]
  branch: number | null
  wide: boolean
}
