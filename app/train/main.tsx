import { mountPage } from '../shared/shell';
import { TrainPage } from './page';
import { open } from './session';
import './train.css';

open();
mountPage('train', <TrainPage />);
